package landlock

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// newest is the running kernel's ABI.
func newest(t *testing.T) int {
	t.Helper()
	abi, err := ABI()
	if err != nil {
		t.Skip("skip: ", err)
	}
	return abi
}

// stage is a folder with what there is to be tried.
func stage(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"w/sub", "w/deep/er", "ro/sub"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"w/a", "w/b", "w/deep/er/c", "ro/file", "ro/other", "ro/fd"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// program is what the test binary needs to be executed; more than itself only with cgo.
func program(t *testing.T) []Path {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	paths := []Path{{Name: self, Rights: Execute | ReadFile}}
	for _, name := range []string{"/lib", "/lib64", "/usr/lib", "/nix/store"} {
		if real, err := filepath.EvalSymlinks(name); err == nil {
			paths = append(paths, Path{Name: real, Rights: Read})
		}
	}
	return paths
}

// The policy, as it is downgraded to each ABI that this kernel has, and what it refuses.
func TestEachABI(t *testing.T) {
	accepts := func(network, address string) (string, int) {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		tcp, _ := l.Addr().(*net.TCPAddr)
		if tcp == nil {
			return l.Addr().String(), 0
		}
		return tcp.String(), tcp.Port
	}
	open, openPort := accepts("tcp4", "127.0.0.1:0")
	shut, _ := accepts("tcp4", "127.0.0.1:0")
	abstract, _ := accepts("unix", fmt.Sprintf("@usandbox-landlock-%d", os.Getpid()))

	for abi := range newest(t) + 1 {
		t.Run(fmt.Sprint(abi), func(t *testing.T) {
			dir := stage(t)
			r, _ := Policy{
				Files: []Path{
					{Name: "/", Rights: Read}, {Name: dir + "/w", Rights: Write}, {Name: "/dev/null", Rights: WriteFile | IoctlDev},
				},
				Bind: []uint16{0}, Connect: []uint16{uint16(openPort)},
				Scopes: AbstractUnixSocket | Signal, Log: SameExecOff | SubdomainsOff,
			}.Downgrade(abi)
			// What is refused, and from which ABI on with which errno; 99: never.
			type row struct {
				what  string
				since int
				errno string
			}
			rows := []row{
				{"read DIR/ro/file", 99, ""}, {"list DIR/ro", 99, ""}, {"execute /bin/true", 99, ""},
				{"write DIR/ro/file", 2, "EACCES"}, {"make DIR/ro/new", 2, "EACCES"}, {"mkdir DIR/ro/d", 2, "EACCES"},
				{"mkfifo DIR/ro/fifo", 2, "EACCES"}, {"remove DIR/ro/other", 2, "EACCES"}, {"rename DIR/ro/file DIR/ro/file2", 2, "EACCES"},
				{"write DIR/w/a", 99, ""}, {"make DIR/w/new", 99, ""}, {"mkdir DIR/w/d", 99, ""}, {"mkfifo DIR/w/fifo", 99, ""},
				{"empty DIR/w/a", 99, ""}, {"truncate DIR/w/a", 99, ""}, {"tmpfile DIR/w DIR/w/named", 99, ""},
				{"rename DIR/w/a DIR/w/sub/a", 99, ""}, {"link DIR/w/b DIR/w/sub/b", 99, ""}, {"rename DIR/w/deep/er DIR/w/er", 99, ""},
				{"link DIR/ro/file DIR/w/linked", 2, "EXDEV"}, // it would be writable there
				{"mknod DIR/w/node", 2, "EACCES"},
				{"truncate DIR/ro/fd", 3, "EACCES"},
				{"ioctl /dev/null", 0, "ENOTTY"}, {"ioctl /dev/zero", 5, "EACCES"},
				{"bind 0", 99, ""}, {"bind 1", 4, "EACCES"},
				{"connect " + open, 99, ""}, {"connect " + shut, 4, "EACCES"},
				{"unix " + abstract, 6, "EPERM"}, {fmt.Sprint("kill ", os.Getpid()), 6, "EPERM"},
			}
			var things []string
			for i := range rows {
				rows[i].what = strings.ReplaceAll(rows[i].what, "DIR", dir)
				things = append(things, rows[i].what)
			}
			if abi < 2 { // these have no effect twice
				things = slices.DeleteFunc(things, func(s string) bool {
					return strings.HasPrefix(s, "rename "+dir+"/ro") || strings.Contains(s, "linked")
				})
			}
			tried := inDomain(t, r, nil, things...)
			for _, x := range rows {
				got, ok := tried[x.what]
				want := ""
				if abi >= x.since {
					want = x.errno
				}
				switch {
				case !ok:
				case x.what == "bind 1" && abi < x.since: // who is not root may not
				case x.what == "ioctl /dev/zero" && abi < x.since && got == "ENOTTY":
				case got != want:
					t.Errorf("%s: %q, want %q", x.what, got, want)
				}
			}
		})
	}
}

// A list that is empty allows nothing; one that is nil is about nothing.
func TestEmptyAndNil(t *testing.T) {
	abi := newest(t)
	dir := stage(t)
	files := program(t)
	for _, x := range []struct {
		policy Policy
		want   map[string]string
	}{
		{Policy{Files: files}, map[string]string{"read " + dir + "/ro/file": "EACCES", "list /": "EACCES", "write /dev/null": "EACCES", "bind 0": ""}},
		{Policy{Bind: []uint16{}}, map[string]string{"read " + dir + "/ro/file": "", "write " + dir + "/w/a": "", "bind 0": "EACCES", "connect 127.0.0.1:1": "ECONNREFUSED"}},
		{Policy{Connect: []uint16{}}, map[string]string{"bind 0": "", "connect 127.0.0.1:1": "EACCES"}},
	} {
		r, lost := x.policy.Downgrade(abi)
		if len(lost) > 0 {
			continue // TestEachABI shows what is left
		}
		var things []string
		for what := range x.want {
			things = append(things, what)
		}
		for what, got := range inDomain(t, r, nil, things...) {
			if got != x.want[what] {
				t.Errorf("%+v: %s: %q, want %q", x.policy, what, got, x.want[what])
			}
		}
	}
}

// What is open may be opened anew, for what it is open for and no more; a folder with all
// that is below.
func TestOpen(t *testing.T) {
	if newest(t) < 3 {
		t.Skip("skip: this kernel's Landlock does not know truncation")
	}
	dir := stage(t)
	var files []*os.File
	for _, x := range []struct {
		name string
		mode int
	}{{"/ro/file", os.O_RDONLY}, {"/ro/file", os.O_WRONLY}, {"/ro/file", os.O_RDWR}, {"/ro", os.O_RDONLY}, {"/w", os.O_RDONLY}} {
		f, err := os.OpenFile(dir+x.name, x.mode, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	paths := append(program(t), Path{Name: "/proc", Rights: ReadFile | ReadDir})
	at := func(fd int) string { return fmt.Sprint("/proc/self/fd/", fd) }
	for _, x := range []struct {
		open []int
		want map[string]string
	}{
		{[]int{0, 1, 2, 3, 5, 99}, map[string]string{
			"read " + at(3): "", "write " + at(4): "", "read " + dir + "/ro/other": "EACCES", "openat 6 file": "", "openat 6 other": "EACCES",
		}},
		{[]int{3}, map[string]string{"read " + at(3): "", "write " + at(3): "EACCES", "empty " + at(3): "EACCES", "write " + at(4): "EACCES"}},
		{[]int{4}, map[string]string{"read " + at(3): "EACCES", "write " + at(3): "", "empty " + at(4): ""}},
		{[]int{6}, map[string]string{"openat 6 other": "", "openat 6 sub": "", "make " + at(6) + "/new": "", "openat 7 a": "EACCES"}},
	} {
		r, _ := Policy{Files: paths, Open: x.open}.Downgrade(newest(t))
		var things []string
		for what := range x.want {
			things = append(things, what)
		}
		for what, got := range inDomain(t, r, files, things...) {
			if got != x.want[what] {
				t.Errorf("open %v: %s: %q, want %q", x.open, what, got, x.want[what])
			}
		}
	}
}

// A path that is not there, or is reached by a symlink, fails the program, in words.
func TestMissingPath(t *testing.T) {
	abi := newest(t)
	dir := stage(t)
	if err := os.Symlink("w", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"/none": "allow access to " + dir + "/none: no such file or directory",
		"/link": "allow access to " + dir + "/link: too many levels of symbolic links",
	} {
		r, _ := Policy{Files: []Path{{Name: dir + name, Rights: Read}}}.Downgrade(max(abi, 2))
		p := launch.NewStandalone(3)
		p.Call(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		r.Compile(p)
		p.Call(unix.SYS_EXIT_GROUP, 0)
		if out, err := run(t, p, nil); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

// A program that is made for a newer kernel goes on without, or fails.
func TestOlderKernel(t *testing.T) {
	r := Ruleset{Scoped: Signal, Log: SubdomainsOff}
	for _, answer := range []unix.Errno{unix.ENOSYS, unix.EOPNOTSUPP, unix.EPERM, 0} { // 0: it is ABI 0
		for without, want := range map[bool]int{false: launch.ExitSetup, true: 3} {
			p := launch.NewStandalone(3)
			p.Call(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
			answerLandlock(p, answer)
			none, at := p.Label("without"), (*launch.Label)(nil)
			if without {
				at = none
			}
			r.CompileFor(p, at)
			p.Call(unix.SYS_EXIT_GROUP, 9)
			p.Here(none)
			p.Call(unix.SYS_EXIT_GROUP, 3)
			out, err := run(t, p, nil)
			code := -1
			if exit, ok := err.(*exec.ExitError); ok {
				code = exit.ExitCode()
			}
			if code != want {
				t.Errorf("%v, without %v: exit code %d, want %d: %s", answer, without, code, want, out)
			}
			if !without && !strings.Contains(string(out), "look for Landlock, ABI 7 or newer: operation not supported") {
				t.Errorf("%v: it says %s", answer, out)
			}
		}
	}
}

// answerLandlock appends: landlock_create_ruleset(2) answers with an errno from now on, by a
// filter of system calls.
func answerLandlock(p *launch.Program, errno unix.Errno) {
	var code []byte
	for _, i := range []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_LANDLOCK_CREATE_RULESET},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	} {
		code = binary.LittleEndian.AppendUint16(code, i.Code)
		code = append(code, i.Jt, i.Jf)
		code = binary.LittleEndian.AppendUint32(code, i.K)
	}
	p.Call(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, launch.Words("filter", 4, launch.Struct("code", code)), 0, 0)
}
