package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/network/inside"
	"github.com/usandbox/usandbox/network/relay"
)

// Hint is what a person can do about an error of this package; "" if that is not
// known. It may look at the system's settings to tell causes apart.
func Hint(err error) string {
	var (
		overlay    *OverlayError
		store      *cow.StoreError
		step       *launch.StepError
		mount      *mounts.Error
		missing    *idmap.HelperMissingError
		delegated  *idmap.NotDelegatedError
		none       *NoneDelegatedError
		unknown    *caps.UnknownError
		privileged *PrivilegedError
		landlocked *LandlockError
		unsafe     *NoFilesError
		pasta      *NoPastaError
		rules      *inside.NoRulesError
		relayed    *relay.StartError
		limited    *limits.Error
	)
	switch {
	case errors.As(err, &pasta):
		return pasta.hint()
	case errors.As(err, &limited):
		return limited.Hint
	case errors.As(err, &rules):
		return rules.Hint()
	case errors.As(err, &relayed):
		return relayed.Hint
	case errors.As(err, &overlay):
		return overlay.Hint
	case errors.As(err, &store):
		return elsewhere
	case errors.As(err, &mount) && mount.Hint == "" && errors.Is(err, unix.ENOSYS): // a look at it, before anything is done
		return "openat2(2) is missing (Linux 5.6), or a system call filter denies it; inside another usandbox, allow it there: --allow-syscalls userns; " + weaker
	case errors.As(err, &mount):
		return mount.Hint
	case errors.As(err, &missing):
		return "apt install uidmap (Debian, Ubuntu) or dnf install shadow-utils (Fedora)"
	case errors.As(err, &delegated) && len(delegated.Have) > 0:
		return fmt.Sprintf("map ids within %v, or write auto", delegated.Have[0])
	case errors.As(err, &delegated):
		return delegate(delegated.Kind)
	case errors.As(err, &none) && os.Geteuid() == 0:
		return "root may map any ids: 0:0:65536 maps them as they are"
	case errors.As(err, &none):
		return delegate(none.Kind)
	case errors.As(err, &unknown):
		return ""
	case errors.As(err, &unsafe):
		return "--landlock none goes without: the command can then read and change all that you can"
	case errors.As(err, &landlocked):
		return landlocked.hint()
	case errors.As(err, &privileged):
		return privileged.Fix
	case errors.As(err, &step):
		return diagnose(step, sysctls{"/proc/sys"})
	}
	return ""
}

func delegate(k idmap.Kind) string {
	flag := "--add-subuids"
	if k == idmap.GID {
		flag = "--add-subgids"
	}
	return fmt.Sprintf("sudo usermod %s 100000-165535 %s", flag, userName())
}

func userName() string {
	uid := strconv.Itoa(os.Geteuid())
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return uid
}

// sysctls reads kernel settings below a folder, /proc/sys.
type sysctls struct{ dir string }

// is reports whether a setting exists and has a value.
func (s sysctls) is(name, value string) bool {
	text, err := os.ReadFile(s.dir + "/" + strings.ReplaceAll(name, ".", "/"))
	return err == nil && strings.TrimSpace(string(text)) == value
}

// diagnose says what can be done about a step that failed.
func diagnose(e *launch.StepError, sys sysctls) string {
	switch {
	case strings.HasPrefix(e.Doing, "make a session keyring"):
		return noKeyring(e.Errno)
	case e.Errno == unix.EACCES && strings.HasPrefix(e.Doing, "set oom_score_adj"):
		return "it can be lowered by root only; without root, from 0 to 1000"
	case e.Errno == unix.EINVAL && strings.HasPrefix(e.Doing, "deny memory"):
		return "--mdwe needs Linux 6.3 or newer; this is " + kernelRelease()
	case e.Errno == unix.EINVAL && strings.HasPrefix(e.Doing, "set the personality"):
		return "this machine cannot run programs of that kind"
	case e.Call == "seccomp" && e.Errno == unix.EBUSY:
		return "the system calls of this process are reported already, in an outer sandbox or container, and the kernel has one listener"
	case e.Call == "seccomp" && (e.Errno == unix.EINVAL || e.Errno == unix.ENOSYS):
		return "this kernel was built without filters of system calls (CONFIG_SECCOMP_FILTER); --seccomp none does without"
	case e.Call == "seccomp" && e.Errno == unix.EMFILE:
		return "to report what the filter refuses takes a file descriptor: raise --rlimit nofile, or do without --why"
	case e.Call == "seccomp":
		return "a system call filter outside forbids further ones, or there are too many; --seccomp none does without"
	case e.Errno == unix.ENOSYS:
		return "Linux 5.14 or newer is needed; this is " + kernelRelease()
	case e.Call == "unshare" && strings.Contains(e.Doing, "user"), e.Call == "openat" && isMap(e.Doing), e.Call == "write" && isMap(e.Doing):
		return forbidden(e, sys)
	case e.Errno == unix.EPERM && strings.HasPrefix(e.Doing, "mount proc"):
		return "the proc outside is partly covered, as in a container, and the kernel refuses a new one; " +
			"show the outer one instead (its processes are seen then): --no-proc --ro /proc"
	case e.Errno == unix.EPERM && strings.HasPrefix(e.Doing, "mount sysfs"):
		return "the sysfs outside is partly covered, as in a container, and the kernel refuses a new one; " +
			"show the outer one instead (its network devices are seen then): --ro /sys"
	case strings.HasPrefix(e.Doing, "open a terminal of the sandbox's own") && e.Errno == unix.ENOSPC:
		return "there are as many pseudo-terminals as kernel.pty.max allows"
	case strings.HasPrefix(e.Doing, "open a terminal of the sandbox's own"):
		return "--dev /dev makes one; --pty never shares your terminal with the command"
	case e.Errno == unix.ESTALE && strings.HasPrefix(e.Doing, "check that "):
		return "something else has been moved there meanwhile; open it anew"
	case e.Errno == unix.ENOENT && e.Call == "openat2" && strings.HasPrefix(e.Doing, "write the file "):
		return "it lies in a file system in which nothing is made, or a symlink of the host's leads to where the sandbox has nothing"
	case e.Errno == unix.ENOSPC && strings.HasPrefix(e.Doing, "write the file "):
		return "the file system it lies in is full: give that a larger size="
	case e.Call == "landlock_restrict_self" && e.Errno == unix.E2BIG:
		return "there are 16 Landlock domains around this one, and can be no more: --landlock none"
	case e.Call == "pivot_root" && e.Errno == unix.EINVAL:
		return "the root is the initial ram file system, which cannot be left; switch_root to another first"
	case strings.HasPrefix(e.Doing, "forbid further namespaces"):
		return "/proc/sys is read-only here, as in a container or another sandbox; --allow-syscalls userns does without this limit"
	case e.Call == "chdir" && e.Errno == unix.ENOENT:
		return "show that folder (--ro DIR or --rw DIR), or choose another with --chdir DIR"
	case e.Call == "move_mount" && e.Errno == unix.ENOTDIR:
		return "a file can only lie over a file, and a folder over a folder"
	case e.Call == "openat2" && e.Errno == unix.ELOOP:
		return "a symlink is in the way, in a place where others could change it; name the real path"
	case e.Call == "openat2" && e.Errno == unix.EACCES && strings.HasPrefix(e.Doing, "bind "):
		return "the user whom the sandbox runs as may not reach that path"
	case e.Errno == unix.EMFILE:
		return "raise the limit of open files: ulimit -n"
	case (e.Errno == unix.EPERM || e.Errno == unix.EACCES) && sys.is("kernel.apparmor_restrict_unprivileged_userns", "1"):
		return forbidden(e, sys)
	}
	return ""
}

// noKeyring says why a session keyring cannot be had.
func noKeyring(e unix.Errno) string {
	if e == unix.EDQUOT {
		return "you have too many keys: see /proc/key-users, and raise /proc/sys/kernel/keys/maxkeys; each sandbox takes one"
	}
	return "a system call filter outside, as of a container, denies keyctl(2)"
}

func isMap(doing string) bool {
	return strings.HasSuffix(doing, "_map") || strings.Contains(doing, "setgroups")
}

// weaker is what can be done where nothing else can.
const weaker = "weaker, but without namespaces: usandbox run --no-namespaces"

// forbidden says how user namespaces are forbidden, and what does without.
func forbidden(e *launch.StepError, sys sysctls) string {
	why := forbiddenBy(e, sys)
	if why != "" {
		why += "; " + weaker
	}
	return why
}

// forbiddenBy tells apart the ways in which user namespaces are forbidden.
func forbiddenBy(e *launch.StepError, sys sysctls) string {
	const apparmor = "kernel.apparmor_restrict_unprivileged_userns"
	switch {
	case e.Errno == unix.ENOSPC && sys.is("user.max_user_namespaces", "0"):
		return "user namespaces are switched off: sudo sysctl user.max_user_namespaces=10000; " +
			"or, inside another usandbox, allow them there: --allow-syscalls userns"
	case e.Errno == unix.ENOSPC:
		return "there are too many user namespaces, or a sandbox outside forbids more: see /proc/sys/user/max_user_namespaces"
	case e.Errno == unix.EUSERS:
		return "user namespaces are nested too deep (32)"
	case sys.is("kernel.unprivileged_userns_clone", "0"):
		return "user namespaces are for root only: sudo sysctl kernel.unprivileged_userns_clone=1"
	case sys.is(apparmor, "1"):
		return "AppArmor restricts user namespaces: sudo sysctl " + apparmor + "=0, or give usandbox a profile with \"userns,\""
	case e.Errno == unix.EINVAL:
		return "this kernel was built without user namespaces"
	case strings.Contains(e.Doing, "uid_map") && os.Geteuid() == 0:
		return "root may not map itself here; --as USER gives the sandbox an ordinary user"
	case e.Errno == unix.EACCES && e.Call == "unshare":
		return "a security module forbids user namespaces; AppArmor: the profile that /proc/self/attr/current names needs the rule \"userns,\""
	case e.Errno == unix.EPERM:
		return "a system call filter, a security module or a chroot forbids user namespaces; " +
			"inside another usandbox, allow them there: --allow-syscalls userns"
	}
	return ""
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}
