package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/userns"
)

// A process that has ended and whose number another one has got is not taken for it.
func TestTargetReused(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	pidfd, err := unix.PidfdOpen(ended.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	ended.Wait()
	if _, err := targetOf(os.Getpid(), pidfd); err != errEnded {
		t.Errorf("a number that another process has now: %v, want %v", err, errEnded)
	}

	// And neither is one that ends after it was opened.
	sleeping := exec.Command("sleep", "300")
	if err := sleeping.Start(); err != nil {
		t.Fatal(err)
	}
	target, err := openTarget(pidFlag{pid: sleeping.Process.Pid})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.namespace(userns.Network); err != nil {
		t.Error(err)
	}
	sleeping.Process.Kill()
	sleeping.Wait()
	if _, err := target.namespace(userns.Network); err != errEnded {
		t.Errorf("after its end: %v", err)
	}
	if _, err := target.environ(); err != errEnded {
		t.Errorf("the environment after its end: %v", err)
	}
}

func TestTargetInode(t *testing.T) {
	pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	var st unix.Stat_t
	if err := unix.Fstat(pidfd, &st); err != nil {
		t.Fatal(err)
	}
	var p pidFlag
	if err := p.Set(fmt.Sprintf("%d:%d", os.Getpid(), st.Ino)); err != nil {
		t.Fatal(err)
	}
	if _, err := openTarget(p); err != nil && !strings.Contains(err.Error(), "before Linux 6.9") {
		t.Error(err)
	}
	p.inode++
	if _, err := openTarget(p); err == nil {
		t.Error("another pidfd's number was taken")
	}
}

func TestPidFlag(t *testing.T) {
	for _, text := range []string{"", "0", "-1", "x", "1x", " 1", "2147483648", "1:", "1:0", "1:x", ":1", "1:2:3"} {
		if err := new(pidFlag).Set(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	var p pidFlag
	for text, ok := range map[string]bool{"7": true, "8": false, "7:1": false} {
		p = pidFlag{pid: 7}
		if err := p.Set(text); (err == nil) != ok {
			t.Errorf("7, then %s: %v", text, err)
		}
	}
}

func TestAttachedValues(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"-n/run/ns true", "-n=/run/ns true"},
		{"-an./ns true", "-an=./ns true"},
		{"-unp", "-unp"},
		{"-n=/x", "-n=/x"},
		{"-u:12", "-u=:12"},
		{"-r/x -w/y", "-r=/x -w=/y"},
		{"-t12:34 -n/x", "-t12:34 -n=/x"},
		{"-t 12 -n/x", "-t 12 -n=/x"},
		{"--target 12 -n/x", "--target 12 -n=/x"},
		{"--target=12 -n/x", "--target=12 -n=/x"},
		{"--net -u/x", "--net -u=/x"},
		{"-W/x", "-W/x"},
		{"-a -- sh -u/x", "-a -- sh -u/x"},
		{"-a sh -u/x", "-a sh -u/x"},
		{"-S -u/x", "-S -u/x"},
		{"-a/x", "-a/x"}, // -a has no value
		{"-z/x", "-z/x"},
	} {
		f := newEnterFlags()
		if got := strings.Join(attachedValues(f.set, strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
}

// Nothing of the process can be looked at from the first join until the command is
// executed: not dumpable before it, and said again after all that may undo it.
func TestEnterProgram(t *testing.T) {
	zero := uint32(0)
	e := &entering{
		flags: &enterFlags{keepCaps: true, wdns: "/w"}, root: 9, wd: -1, cgroup: 12, uid: &zero, gid: &zero,
		join:    userns.Joining{Process: 5, Kinds: userns.SetOf(userns.User, userns.PID), Files: map[userns.Kind]int{userns.Network: 7}},
		entered: userns.SetOf(userns.User, userns.PID, userns.Network),
		fds:     []int{9, 5, 7, 12, 5},
		name:    "sh", paths: []string{"/bin/sh"}, argv: []string{"sh"}, env: []string{"A=b"},
	}
	p, err := e.program()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Image(); err != nil {
		t.Fatal(err)
	}
	const secure = "prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)"
	var texts []string
	hidden := false
	for _, s := range p.Steps() {
		text := s.String()
		texts = append(texts, text)
		switch call := s.Call(); {
		case text == secure:
			hidden = true
		case strings.Contains(text, "PR_SET_DUMPABLE"):
			t.Errorf("%s", text)
		case call == "setresuid", call == "setresgid", strings.Contains(text, "CLONE_NEWUSER") && hidden:
			hidden = false // these may make it dumpable
		case !hidden && slices.Contains([]string{"setns", "fchdir", "chdir", "chroot", "clone", "execve", "capset"}, call):
			t.Errorf("%s while the process may be dumpable", text)
		}
	}
	all := strings.Join(texts, "\n")
	for _, want := range []string{
		// What is inherited goes before anything else happens; what is used is closed by execve.
		"close_range(3, ~0, CLOSE_RANGE_CLOEXEC)\nclose_range(3, 4, 0)\nclose_range(6, 6, 0)\nclose_range(8, 8, 0)\nclose_range(10, 11, 0)\nclose_range(13, ~0, 0)",
		"setns(5, CLONE_NEWUSER|CLONE_NEWPID)\n" + secure + "\nsetns(7, CLONE_NEWNET)",
		"fchdir(9)\nchroot(\".\")\nchdir(\"/\")\nchdir(\"/w\")",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s\nmisses\n%s", all, want)
		}
	}
	if !strings.HasPrefix(all, "close_range") {
		t.Error("what is inherited is not closed first")
	}
}

func TestEnterHints(t *testing.T) {
	err := flagError("net", about("x", hinted{errors.New("wrong"), "right"}))
	var h hinted
	if !errors.As(err, &h) || h.hint != "right" || err.Error() != "--net: x: wrong" {
		t.Errorf("%v, %q", err, h.hint)
	}
}
