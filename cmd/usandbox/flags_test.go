package main

// Flags to policies: every flag, its effect on the value, and the words for what
// is wrong.

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// parsed is the command of a command line for run.
func parsed(args ...string) (*sandbox.Cmd, error) {
	f := newRunFlags("run")
	rest, err := f.parse(append(args, "--", "cmd", "--flag"))
	if err != nil {
		return nil, err
	}
	return f.command(rest)
}

func TestPolicyFlags(t *testing.T) {
	share := func(k ...userns.Kind) sandbox.Policy { return sandbox.Policy{Share: userns.SetOf(k...)} }
	root := os.Geteuid() == 0
	files := func(e ...mounts.Entry) sandbox.Policy { return sandbox.Policy{Files: e} }
	for _, c := range []struct {
		args []string // after --bare
		want sandbox.Policy
	}{
		{nil, sandbox.Policy{}},
		{[]string{"--root"}, sandbox.Policy{UID: sandbox.ID(0), GID: sandbox.ID(0)}},
		{[]string{"--uid", "5", "--gid=6"}, sandbox.Policy{UID: sandbox.ID(5), GID: sandbox.ID(6)}},
		{[]string{"--uid", "0"}, sandbox.Policy{UID: sandbox.ID(0)}},
		{[]string{"--map-uids", "0:1000:1", "--map-uids", "1:100000:10"},
			sandbox.Policy{UIDMap: idmap.Map{{Inside: 0, Outside: 1000, Count: 1}, {Inside: 1, Outside: 100000, Count: 10}}}},
		{[]string{"--map-gids", "0:1000:1"}, sandbox.Policy{GIDMap: idmap.One(0, 1000)}},
		{[]string{"--share", "net,ipc"}, share(userns.Network, userns.IPC)},
		{[]string{"--share", "cgroup", "--share", "uts"}, share(userns.UTS)}, // the last one counts
		{[]string{"--hostname", "h", "--domainname", "d"}, sandbox.Policy{Hostname: "h", Domainname: "d"}},
		{[]string{"--boottime", "24h", "--monotonic", "-5s"},
			sandbox.Policy{Clocks: userns.Offsets{Boottime: 24 * time.Hour, Monotonic: -5 * time.Second}}},
		{[]string{"--cap-add", "net_admin", "--cap-add", "CAP_KILL", "--cap-drop", "kill"},
			sandbox.Policy{Capabilities: caps.None.With(unix.CAP_NET_ADMIN)}},
		{[]string{"--cap-drop", "all", "--cap-add", "kill"}, sandbox.Policy{}}, // in whatever order
		{[]string{"--allow-syscalls", "userns"}, sandbox.Policy{UserNamespaces: true}},
		{[]string{"--as-pid-1"}, sandbox.Policy{CommandIsInit: true}},
		{[]string{"--ro", "/a:/b:noexec"}, files(mounts.Bind{Source: "/a", Target: "/b", NoExec: true, Origin: "--ro /a:/b:noexec"})},
		{[]string{"--rw", "/a/../c"}, files(mounts.Bind{Source: "/c", Target: "/c", Writable: true, Origin: "--rw /a/../c"})},
		{[]string{"--dev-bind=/dev"}, files(mounts.Bind{Source: "/dev", Target: "/dev", Writable: true, Devices: true, Origin: "--dev-bind /dev"})},
		{[]string{"--tmpfs", "/t:size=1M,mode=1777,noexec"},
			files(mounts.Tmpfs{Target: "/t", Size: 1 << 20, Mode: 0o1777, NoExec: true, Origin: "--tmpfs /t:size=1M,mode=1777,noexec"})},
		{[]string{"--proc", "/p:subset=pid,hidepid=4"},
			files(mounts.Proc{Target: "/p", SubsetPID: true, HidePID: "ptraceable", Origin: "--proc /p:subset=pid,hidepid=4"})},
		{[]string{"--proc", "/p:hidepid=1"}, files(mounts.Proc{Target: "/p", Masked: root, HidePID: "noaccess", Origin: "--proc /p:hidepid=1"})},
		{[]string{"--mqueue", "/m", "--sysfs", "/s", "--cgroupfs", "/c", "--cgroupfs", "/d:rw"}, files(
			mounts.Mqueue{Target: "/m", Origin: "--mqueue /m"}, mounts.Sysfs{Target: "/s", Origin: "--sysfs /s"},
			mounts.Cgroupfs{Target: "/c", Origin: "--cgroupfs /c"}, mounts.Cgroupfs{Target: "/d", Writable: true, Origin: "--cgroupfs /d:rw"})},
		{[]string{"--file", `/a\=b:mode=600=c=d`, "--perms", "700", "--dir", "/d", "--perms", "1777", "--tmpfs", "/t:size=1M", "--dir", "/e", "--perms=640", "--file", "/f=x"}, files(
			mounts.File{Target: "/a=b", Content: "c=d", Mode: 0o600, Origin: `--file /a\=b:mode=600`}, mounts.Dir{Target: "/d", Mode: 0o700, Origin: "--dir /d"},
			mounts.Tmpfs{Target: "/t", Size: 1 << 20, Mode: 0o1777, Origin: "--tmpfs /t:size=1M"}, mounts.Dir{Target: "/e", Origin: "--dir /e"},
			mounts.File{Target: "/f", Content: "x", Mode: 0o640, Origin: "--file /f"})},
		{[]string{"--chmod", `/a\:b:0`}, files(mounts.Chmod{Target: "/a:b", Origin: `--chmod /a\:b:0`})},
		{[]string{"--propagation", "slave"}, sandbox.Policy{Propagation: mounts.Slave}},
		{[]string{"--propagation", "slave", "--propagation", "private"}, sandbox.Policy{}},
		// In the order of the command line.
		{[]string{"--dir", "/a:b", "--proc", "/p", "--ro-try", "/x", "--dev", "/d", "--hide", `/h\:i`, "--remount-ro", "/r", "--symlink", `../x\:y:/l`,
			"--rw-try", "/y", "--dev-bind-try", "/z"}, files(
			mounts.Dir{Target: "/a:b", Origin: "--dir /a:b"}, mounts.Proc{Target: "/p", Masked: root, Origin: "--proc /p"},
			mounts.Bind{Source: "/x", Target: "/x", Try: true, Origin: "--ro-try /x"},
			mounts.Dev{Target: "/d", Origin: "--dev /d"}, mounts.Hide{Target: "/h:i", Origin: `--hide /h\:i`},
			mounts.ReadOnly{Target: "/r", Origin: "--remount-ro /r"}, mounts.Symlink{Link: "../x:y", Target: "/l", Origin: `--symlink ../x\:y:/l`},
			mounts.Bind{Source: "/y", Target: "/y", Writable: true, Try: true, Origin: "--rw-try /y"},
			mounts.Bind{Source: "/z", Target: "/z", Writable: true, Devices: true, Try: true, Origin: "--dev-bind-try /z"})},
	} {
		cmd, err := parsed(append([]string{"--bare"}, c.args...)...)
		if err != nil {
			t.Errorf("%q: %v", c.args, err)
		} else if !reflect.DeepEqual(cmd.Policy, c.want) {
			t.Errorf("%q:\n%+v\nwant\n%+v", c.args, cmd.Policy, c.want)
		}
	}
}

func TestFlagErrors(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"--nonsense", "unknown flag"},
		{"--bare --rootfs /", "--bare and --rootfs exclude each other"},
		{"--rootfs /nonexistent", "--rootfs: "},
		{"--bare --root --uid 0", "--root and --uid or --gid exclude each other"},
		{"--bare --uid -1", "invalid argument"},
		{"--bare --uid 4294967296", "invalid argument"},
		{"--bare --share pid", `--share: "pid" is not one of`},
		{"--bare --share=", "--share: "},
		{"--bare --map-uids 0:0", "--map-uids: "},
		{"--bare --map-uids auto --map-uids 0:1:1", "--map-uids: auto stands alone"},
		{"--bare --map-gids 0:1:1 --map-gids 0:2:1", "--map-gids: "},
		{"--bare --boottime 1500ms", "--boottime: 1.5s is not a whole number of seconds"},
		{"--bare --monotonic 1ns", "--monotonic: "},
		{"--bare --cap-add nonsense", "--cap-add: "},
		{"--bare --cap-drop nonsense", "--cap-drop: "},
		{"--bare --allow-syscalls all", "--allow-syscalls: unknown group"},
		{"--bare --as=", "--as: no user is given"},
		{"--bare --as root", "--as: root is no unprivileged user"},
		{"--bare --as 0:0", "--as: root is no unprivileged user"},
		{"--bare --as nosuchuser", `--as: there is no user "nosuchuser"`},
		{"--bare --as 1:nosuchgroup", `--as: there is no group "nosuchgroup"`},
		{"--bare --as 4294967296:1", "--as: "},
		{"--bare --chdir relative", `--chdir: the folder "relative" is not absolute`},
		{"--bare --env =x", "--env: "},
		{"--bare --unset-env A=B", "--unset-env: "},
		{"--bare --unset-env=", "--unset-env: "},
		{"--bare --keep-fd 2", "--keep-fd: 2: 0, 1 and 2 are always open"},
		{"--bare --keep-fd 1000000", "--keep-fd: 1000000 is not an open file descriptor"},
		{"--bare --ro :/x", "the path is empty"},
		{"--bare --ro /a:b", `the destination "b" is not absolute`},
		{"--bare --ro /a:noexec=1", `option "noexec" has no value`},
		{"--bare --tmpfs /t:size=0", "is no size"},
		{"--bare --tmpfs /t:mode=4755", "is no mode"},
		{"--bare --dir relative", "is not absolute"},
		{"--bare --file /x", "--file: there is no content"},
		{"--bare --file /x:mode=1777=x", `--file /x:mode=1777: "1777" is no mode`},
		{"--bare --file /x=@/nonexistent", "--file /x: open /nonexistent"},
		{"--bare --file /x=fd:1000", "1000 is not an open file descriptor"},
		{"--bare --file /x=fd:99999999999", "is no number of a file descriptor"},
		{"--bare --perms 700", "--perms: no --dir, --file or --tmpfs follows"},
		{"--bare --perms 700 --proc /p", "no --dir, --file or --tmpfs follows"},
		{"--bare --perms 0", "is no mode"},
		{"--bare --chmod /x:8", `"8" is no mode`},
		{"--bare --chmod /x:2755", `"2755" is no mode`},
		{"--bare --bind-fd 1000:/x", "1000 is not an open file descriptor"},
		{"--bare --bind-fd 0:/x:exec", `unknown option "exec"`},
		{"--bare --proc /p:hidepid=", "hidepid: "},
		{"--bare --proc p", "is not absolute"},
		{"--bare --cgroupfs /c:rw=1", `option "rw" has no value`},
		{"--bare --sysfs s", "is not absolute"},
		{"--bare --propagation=", `--propagation: "" is not one of private`},
		{"--bare --symlink /only", "want TARGET:LINK"},
		{"--bare --symlink a:b", "want TARGET:LINK"},
	} {
		if cmd, err := parsed(strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %+v, %v", c.args, cmd, err)
		}
	}
}

func TestDefaultProfile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	real, err := unix.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]struct {
		proc, cwd bool
	}{"": {true, true}, "--no-cwd": {true, false}, "--no-proc": {false, true}} {
		cmd, err := parsed(strings.Fields(args)...)
		if err != nil {
			t.Fatal(err)
		}
		proc := slices.ContainsFunc(cmd.Policy.Files, func(e mounts.Entry) bool { _, ok := e.(mounts.Proc); return ok })
		if cwd := writableHere(cmd.Policy) == real; proc != want.proc || cwd != want.cwd || cwd != (cmd.Policy.Dir == real) {
			t.Errorf("%s: proc %v, writable %q, Dir %q", args, proc, writableHere(cmd.Policy), cmd.Policy.Dir)
		}
		if !slices.Equal(cmd.Args, []string{"cmd", "--flag"}) || cmd.Stdin != os.Stdin || cmd.Stdout != os.Stdout || cmd.Stderr != os.Stderr {
			t.Errorf("%+v", cmd)
		}
	}
}
