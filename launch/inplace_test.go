package launch

// Images that are executed in their caller's place, with every step of them made
// to fail: until the command is executed, the caller's program is executed again,
// with the arguments that it had; and nothing is left in any case.

import (
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
)

// inPlaceProgram runs a shell in place of its caller, to which it goes back through
// file descriptor again.
func inPlaceProgram(again int, script string, atEnd func(*Program)) *Program {
	p := NewInPlace(3, again)
	init, command := p.Label("init"), p.Label("command")
	p.Process("outer")
	p.Begin()
	p.ForkInit(init, unix.CLONE_NEWUSER|unix.CLONE_NEWPID)
	p.Undumpable()
	p.Attend([]Forward{{unix.SIGTERM, false}, {unix.SIGINT, true}}, func(*Var) {
		if atEnd != nil {
			atEnd(p)
		}
	})
	p.Process("init")
	p.Here(init)
	p.ForgetCaller()
	p.BeginInit()
	p.Undumpable()
	p.ForkCommand(command, false)
	p.Reap()
	p.Process("command")
	p.Here(command)
	p.BeginCommand()
	p.Exec("sh", []string{"/bin/sh"}, Strings([]string{"sh", "-c", script}), Strings([]string{"PATH=/bin"}))
	return p
}

// inPlaceRole gives its place to such a program, in which step FAULT fails.
func inPlaceRole() {
	if os.Getenv("NO_MEMFD") != "" {
		refuseMemfd() // executable_test.go
	}
	again, err := unix.Open("/proc/self/exe", unix.O_PATH, 0)
	if err != nil {
		panic(err)
	}
	var atEnd func(*Program)
	if os.Getenv("AT_END") != "" {
		atEnd = func(p *Program) { p.RunAgain([]string{"again", "at the end"}, "sorry\n") }
	}
	p := inPlaceProgram(again, os.Getenv("SCRIPT"), atEnd)
	var fault int
	if _, err := fmt.Sscan(os.Getenv("FAULT"), &fault); err == nil {
		errno := unix.EPERM
		if len(p.Steps()[fault].on) > 0 && p.Steps()[fault].op == OpCall {
			errno = unix.ENOSYS // where an error leads elsewhere, it shall
		}
		faults[errno](p.Steps()[fault])
	}
	img, err := p.Image()
	if err != nil {
		panic(err)
	}
	panic(img.Exec(os.Args, os.Environ()))
}

// runInPlace starts this binary as inPlaceRole with arguments and more environment.
func runInPlace(t *testing.T, args []string, env ...string) (out string, code int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := again(append(env, "USANDBOX_TEST_ROLE=inplace")...)
	cmd.Args = append(cmd.Args, args...)
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	text, err := io.ReadAll(r) // until nobody is left
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd.Wait()
	return string(text), cmd.ProcessState.ExitCode()
}

// needAttend skips the test on a kernel that is too old for images in place.
func needAttend(t *testing.T) {
	t.Helper()
	testhost.Need(t, CanAttend(), "signals to the process group of a pidfd", 6, 9)
}

func TestInPlace(t *testing.T) {
	needAttend(t)
	for _, c := range []struct {
		script, out string
		code        int
	}{
		{"echo here; exit 7", "here\n", 7},
		{"kill -9 $$", "", 137},
		{"kill -s STOP 1; kill -9 1; echo alive; exit 3", "alive\n", 3},
	} {
		if out, code := runInPlace(t, nil, "SCRIPT="+c.script); out != c.out || code != c.code {
			t.Errorf("%s: %q, %d", c.script, out, code)
		}
	}
	out, code := runInPlace(t, nil, "SCRIPT=echo command; exit 5", "AT_END=1")
	if want := "command\n[usandbox again at the end]\n"; out != want || code != 5 {
		t.Errorf("at the end: %q, %d", out, code)
	}
}

// Where a memfd cannot be executed, a file of no name is.
func TestInPlaceFromFile(t *testing.T) {
	needAttend(t)
	tmp := t.TempDir()
	out, code := runInPlace(t, nil, "SCRIPT=echo here; exit 7", "NO_MEMFD=1", "TMPDIR="+tmp, "XDG_RUNTIME_DIR=")
	if out != "here\n" || code != 7 {
		t.Errorf("%q, %d", out, code)
	}
	if out, code := runInPlace(t, nil, "SCRIPT=echo here", "NO_MEMFD=1", "TMPDIR=/nonexistent", "XDG_RUNTIME_DIR="); out != "" || code != 2 {
		t.Errorf("where neither can be: %q, %d", out, code)
	}
	if files, err := os.ReadDir(tmp); err != nil || len(files) != 0 {
		t.Errorf("left: %v, %v", files, err)
	}
}

func TestInPlaceFaults(t *testing.T) {
	needAttend(t)
	adoptOrphans(t)
	args := []string{"a", "b c", ""}
	back := fmt.Sprintln([]string{"usandbox", "again", "a", "b c", ""})
	steps := inPlaceProgram(9, "true", nil).Steps()
	phase, went := "", map[string]int{}
	for i, s := range steps {
		if s.Doing() == "hand the command's pidfd to the supervisor" || s.Doing() == "take signals for the command" {
			phase = "runs"
		} else if i == 0 || s.Process() != steps[i-1].Process() {
			phase = "set-up"
		} else if steps[i-1].Call() == "clone" && s.Process() == "outer" {
			phase = "runs" // init may be about to execute the command
		}
		if s.op == OpFail || s.op == OpAdd && s.save.name == "phase" {
			continue // not reached; the border itself
		}
		out, code := runInPlace(t, args, "SCRIPT=echo ran; exit 7", fmt.Sprint("FAULT=", i))
		where := fmt.Sprintf("%s: step %d, %s: %v: %q, %d", s.Process(), i, s.Doing(), s, out, code)
		switch {
		case out == back && code == 9 && phase == "set-up":
			went["back"]++
		case out == "ran\n" && code == 7 && (phase == "runs" || s.Doing() == "execute sh" || len(s.on) > 0): // it was not reached, or does not matter
			went["on"]++
		case (out == "" || out == "ran\n") && code == ExitSetup && phase == "runs":
			went["no further"]++
		default:
			t.Error(where)
		}
		nothingLeft(t)
	}
	if went["back"] < 25 || went["on"] == 0 || went["no further"] == 0 {
		t.Error(went)
	}
}
