package userns

// Joining, by the text of the steps, and by what a process that has run them is in.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

func TestJoinSteps(t *testing.T) {
	const user, net, uts = 11, 12, 13
	for name, c := range map[string]struct {
		j    Joining
		want string
	}{
		"nothing":       {Joining{Process: 5}, ""},
		"all of one":    {Joining{Process: 5, Kinds: SetOf(User, Network)}, "join the user,net namespace of the process: setns(5, CLONE_NEWUSER|CLONE_NEWNET)"},
		"one file":      {Joining{Process: -1, Files: map[Kind]int{Network: net}}, "join the net namespace of a file: setns(12, CLONE_NEWNET)"},
		"gain by it":    {Joining{Process: 5, Kinds: SetOf(UTS), Files: map[Kind]int{User: user, Network: net}}, "setns(11, CLONE_NEWUSER)\nsetns(5, CLONE_NEWUTS)\nsetns(12, CLONE_NEWNET)"},
		"lose by it":    {Joining{Process: 5, Kinds: SetOf(UTS), Files: map[Kind]int{User: user, Network: net}, UserLast: true}, "setns(5, CLONE_NEWUTS)\nsetns(12, CLONE_NEWNET)\nsetns(11, CLONE_NEWUSER)"},
		"process first": {Joining{Process: 5, Kinds: SetOf(User), Files: map[Kind]int{Network: net, UTS: uts}}, "setns(5, CLONE_NEWUSER)\nsetns(13, CLONE_NEWUTS)\nsetns(12, CLONE_NEWNET)"},
		"process last":  {Joining{Process: 5, Kinds: SetOf(User), Files: map[Kind]int{Network: net}, UserLast: true}, "setns(12, CLONE_NEWNET)\nsetns(5, CLONE_NEWUSER)"},
	} {
		got := steps(func(p *launch.Program) {
			if err := Join(p, c.j); err != nil {
				t.Error(name, err)
			}
		})
		// Not dumpable before the first, and once more after the user namespace.
		const hidden = "make the process untraceable: prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)"
		var lines []string
		want := strings.Split(c.want, "\n")
		if c.want != "" {
			lines = append(lines, hidden)
		}
		for _, line := range want {
			lines = append(lines, line)
			if strings.Contains(line, "CLONE_NEWUSER") {
				lines = append(lines, hidden)
			}
		}
		for i, line := range strings.Split(got, "\n") {
			if i >= len(lines) || !strings.HasSuffix(line, lines[i]) || strings.Count(got, "\n")+1 != len(lines) {
				t.Errorf("%s:\n%s\nwant\n%s", name, got, strings.Join(lines, "\n"))
				break
			}
		}
	}
	if err := Join(launch.New(3), Joining{Process: 5, Kinds: SetOf(Network), Files: map[Kind]int{Network: net}}); err == nil {
		t.Error("two namespaces of one kind were taken")
	}
}

// other starts a process in new namespaces.
func other(t *testing.T, kinds Set) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "300")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  uintptr(kinds.Flags()),
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

// after runs a command after joining, and returns its output. The descriptors of files
// are 3, 4, ... in j.
func after(t *testing.T, j Joining, files []*os.File, command ...string) (string, error) {
	t.Helper()
	p := launch.NewStandalone(3)
	if err := Join(p, j); err != nil {
		t.Fatal(err)
	}
	p.Exec(command[0], command[:1], launch.Strings(command), launch.Strings(nil))
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(name, img.Bytes(), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name)
	cmd.ExtraFiles = files
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func openNS(t *testing.T, pid int, k Kind) *os.File {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/%v", pid, k))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func handle(t *testing.T, pid int, k Kind) *Handle {
	t.Helper()
	h, err := OpenOf(pid, k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func openPidfd(t *testing.T, pid int) *os.File {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	t.Cleanup(func() { f.Close() })
	return f
}

func TestJoin(t *testing.T) {
	cmd := other(t, SetOf(User, Network, UTS))
	pid := cmd.Process.Pid
	want, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		t.Fatal(err)
	}
	read := []string{"/usr/bin/readlink", "/proc/self/ns/net"}
	capable := HasSysAdmin()
	for name, c := range map[string]struct {
		j     Joining
		files []*os.File
	}{
		"by pidfd": {Joining{Process: 3, Kinds: SetOf(User, Network, UTS)}, []*os.File{openPidfd(t, pid)}},
		"by files": {Joining{Files: map[Kind]int{User: 3, Network: 4}, UserLast: capable}, []*os.File{openNS(t, pid, User), openNS(t, pid, Network)}},
		"by both":  {Joining{Process: 3, Kinds: SetOf(User), Files: map[Kind]int{Network: 4}, UserLast: capable}, []*os.File{openPidfd(t, pid), openNS(t, pid, Network)}},
	} {
		if got, err := after(t, c.j, c.files, read...); err != nil || got != want+"\n" {
			t.Errorf("%s: %q, %v, want %s", name, got, err, want)
		}
	}
	got, err := after(t, Joining{Files: map[Kind]int{UTS: 3}}, []*os.File{openNS(t, pid, Network)}, read...)
	if err == nil || !strings.Contains(got, "join the uts namespace of a file: ") {
		t.Errorf("a file of another kind: %q, %v", got, err)
	}
}

func TestMayJoin(t *testing.T) {
	cmd := other(t, SetOf(User, Network, PID))
	pid := cmd.Process.Pid
	for _, k := range []Kind{User, Network, PID} {
		if err := MayJoin(handle(t, pid, k)); err != nil {
			t.Errorf("%v of a child of ours: %v", k, err)
		}
	}
	for _, k := range []Kind{Mount, UTS, Network} {
		err := MayJoin(handle(t, os.Getpid(), k))
		var owner *OwnerError
		switch {
		case HasSysAdmin():
			if err != nil {
				t.Errorf("our own %v, with CAP_SYS_ADMIN: %v", k, err)
			}
		case !errors.As(err, &owner) || !owner.Own || !errors.Is(err, unix.EPERM):
			t.Errorf("our own %v: %v", k, err)
		}
	}
	// From inside, what is outside does not lie below.
	if err := insideOf(t, SetOf(User), openNS(t, os.Getpid(), UTS)); !strings.Contains(err, "does not lie below yours") {
		t.Errorf("a namespace above: %q", err)
	}
	if err := insideOf(t, SetOf(User, PID), openNS(t, os.Getpid(), PID)); err != "the pid namespace does not lie below yours: invalid argument" {
		t.Errorf("a PID namespace above: %q", err)
	}
	if err := insideOf(t, SetOf(User), openNS(t, pid, Network)); !strings.Contains(err, "does not lie below yours") {
		t.Errorf("a namespace beside: %q", err)
	}
}

const insideVariable = "USERNS_MAY_JOIN"

// insideOf is the error of MayJoin for a file in a process in new namespaces.
func insideOf(t *testing.T, kinds Set, f *os.File) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestMayJoinInside$")
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.ExtraFiles = []*os.File{f}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  uintptr(kinds.Flags()),
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(out), "\n")
	return text
}

// TestMayJoinInside is what insideOf runs.
func TestMayJoinInside(t *testing.T) {
	if os.Getenv(insideVariable) != "" {
		h, err := NewHandle(3)
		if err == nil {
			err = MayJoin(h)
		}
		fmt.Println(err)
	}
}
