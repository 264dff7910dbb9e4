package sandbox

// What a person is told to do: the ways in which a sandbox can be forbidden are
// told apart by the step, the error and the system's settings.

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
)

func TestDiagnose(t *testing.T) {
	const (
		user     = "create the user namespace"
		max      = "user.max_user_namespaces"
		clone    = "kernel.unprivileged_userns_clone"
		apparmor = "kernel.apparmor_restrict_unprivileged_userns"
	)
	toMap := "a system call filter"
	if os.Geteuid() == 0 {
		toMap = "--as USER"
	}
	for _, c := range []struct {
		call, doing string
		errno       unix.Errno
		sysctl      string // "name value"
		want        string // "": nothing is said
	}{
		{"openat2", "open", unix.ENOSYS, "", "Linux 5.14 or newer is needed; this is " + kernelRelease()},
		{"seccomp", "load the system call filter", unix.EBUSY, "", "the system calls of this process are reported already"},
		{"unshare", user, unix.ENOSPC, max + " 0", "sudo sysctl user.max_user_namespaces"},
		{"unshare", user, unix.ENOSPC, max + " 0\n", "switched off"},
		{"unshare", user, unix.ENOSPC, max + " 1000", "too many user namespaces"},
		{"unshare", user, unix.ENOSPC, "", "too many user namespaces"},
		{"unshare", user, unix.EUSERS, "", "nested too deep"},
		{"unshare", user, unix.EPERM, clone + " 0", "sudo sysctl kernel.unprivileged_userns_clone=1"},
		{"unshare", user, unix.EPERM, clone + " 1", "a system call filter"},
		{"unshare", user, unix.EPERM, apparmor + " 1", "AppArmor restricts user namespaces"},
		{"unshare", user, unix.EACCES, apparmor + " 1", "AppArmor restricts user namespaces"},
		{"unshare", user, unix.EACCES, "", "needs the rule \"userns,\"; weaker, but without namespaces"},
		{"unshare", user, unix.EPERM, apparmor + " 0", "a system call filter"},
		{"unshare", user, unix.EPERM, "", "a system call filter"},
		{"unshare", user, unix.EINVAL, "", "built without user namespaces"},
		{"unshare", user, unix.EIO, "", ""},
		{"write", "write uid_map", unix.EPERM, apparmor + " 1", "AppArmor restricts user namespaces"},
		{"write", "write uid_map", unix.EPERM, "", toMap},
		{"openat", "deny setgroups", unix.EACCES, apparmor + " 1", "AppArmor"},
		{"mount", "make every mount private", unix.EPERM, apparmor + " 1", "AppArmor"},
		{"mount", "make every mount private", unix.EPERM, "", ""},
		{"fsmount", "mount proc on /proc", unix.EPERM, "", "--no-proc --ro /proc"},
		{"fsmount", "mount proc on /proc", unix.EPERM, apparmor + " 1", "--no-proc --ro /proc"},
		{"fsmount", "mount sysfs on /sys", unix.EPERM, "", "--ro /sys"},
		{"fail", "check that /x is the file it was", unix.ESTALE, "", "open it anew"},
		{"openat2", "write the file /x", unix.ENOENT, "", "a symlink of the host's leads"},
		{"fail", "write the file /x", unix.ENOSPC, "", "a larger size="},
		{"pivot_root", "pivot", unix.EINVAL, "", "initial ram file system"},
		{"pivot_root", "pivot", unix.EPERM, "", ""},
		{"openat", "forbid further namespaces", unix.EROFS, "", "--allow-syscalls userns"},
		{"seccomp", "load the system call filter", unix.EINVAL, "", "CONFIG_SECCOMP_FILTER"},
		{"seccomp", "load the system call filter", unix.EMFILE, "", "raise --rlimit nofile"},
		{"seccomp", "load the system call filter", unix.EPERM, "", "a system call filter outside"},
		{"chdir", "change to the working directory /x", unix.ENOENT, "", "--chdir DIR"},
		{"chdir", "change to the working directory /x", unix.EACCES, "", ""},
		{"move_mount", "bind", unix.ENOTDIR, "", "a file can only lie over a file"},
		{"openat2", "bind", unix.ELOOP, "", "name the real path"},
		{"pipe2", "make a pipe", unix.EMFILE, "", "ulimit -n"},
		{"execve", "execute x", unix.ENOENT, "", ""},
		{"keyctl", "make a session keyring of its own", unix.EDQUOT, "", "too many keys"},
		{"keyctl", "make a session keyring of its own", unix.ENOSYS, "", "a system call filter outside"},
		{"write", "set oom_score_adj to -1", unix.EACCES, "", "by root only"},
		{"prctl", "deny memory that becomes executable", unix.EINVAL, "", "Linux 6.3"},
		{"personality", "set the personality linux32", unix.EINVAL, "", "cannot run programs"},
	} {
		dir := t.TempDir()
		if name, value, ok := strings.Cut(c.sysctl, " "); ok {
			write(t, dir+"/"+strings.ReplaceAll(name, ".", "/"), value, 0o644)
		}
		got := diagnose(&launch.StepError{Call: c.call, Doing: c.doing, Errno: c.errno}, sysctls{dir})
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s, %s: %v, %q: %q, want %q", c.call, c.doing, c.errno, c.sysctl, got, c.want)
		}
	}
}

func TestHint(t *testing.T) {
	t.Setenv("USER", "somebody-else") // whoever says so
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	none := [2]string{"sudo usermod --add-subuids 100000-165535 " + me.Username, "sudo usermod --add-subgids 100000-165535 " + me.Username}
	own := none
	if os.Geteuid() == 0 {
		own[0] = "root may map any ids: 0:0:65536 maps them as they are"
		own[1] = own[0]
	}
	_, unknown := caps.Parse("cap_nonsense")
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("something"), ""},
		{unknown, ""},
		{&mounts.Error{Err: os.ErrNotExist, Hint: "do this"}, "do this"},
		{fmt.Errorf("wrapped: %w", &mounts.Error{Err: os.ErrNotExist, Hint: "do this"}), "do this"},
		{&NoneDelegatedError{idmap.UID}, own[0]},
		{&NoneDelegatedError{idmap.GID}, own[1]},
		{&idmap.NotDelegatedError{Kind: idmap.GID}, none[1]},
		{&PolicyError{"UIDMap", &idmap.NotDelegatedError{Kind: idmap.UID}}, none[0]},
		{&idmap.NotDelegatedError{Have: []idmap.SubRange{{Start: 100000, Count: 65536}}}, "map ids within 100000:65536, or write auto"},
		{&idmap.HelperMissingError{}, "apt install uidmap (Debian, Ubuntu) or dnf install shadow-utils (Fedora)"},
		{&PrivilegedError{What: "it", Fix: "chmod u-s,g-s /x"}, "chmod u-s,g-s /x"},
		{&launch.StepError{Call: "chdir", Errno: unix.ENOENT}, "show that folder (--ro DIR or --rw DIR), or choose another with --chdir DIR"},
	} {
		if got := Hint(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
