package launch

// Every step of real programs is made to fail, each in a run of its own: the
// caller gets that step, its words and its errno, or after the last moment at
// which it can get them the run ends with exit code 125; and no process, zombie
// or file descriptor is left.

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
)

// faults change a step so that it fails; not every step can fail in every way.
// ENOSYS may be tolerated by the step, EPERM cannot.
var faults = map[unix.Errno]func(s *Step) bool{
	unix.ENOSYS: func(s *Step) bool {
		s.nr = 3000
		return s.op == OpCall
	},
	unix.EPERM: func(s *Step) bool {
		*s = Step{context: s.context, exec: s.exec, op: OpFail, args: []Arg{toArg(int(unix.EPERM))}}
		return true
	},
}

func TestFaults(t *testing.T) {
	shell := []string{"/bin/sh"}
	tests := map[string]struct {
		build func() *Program
		kill  bool
		want  unix.WaitStatus
	}{
		"exit":   {build: func() *Program { return sandboxed("sh", "-c", "exit 7") }, want: 7 << 8},
		"signal": {build: func() *Program { return sandboxed("sh", "-c", "kill -15 $$") }, want: 15},
		"kill":   {build: func() *Program { return sandboxed("sleep", "1000") }, kill: true, want: 9},
		"alone":  {build: func() *Program { return alone(3, shell, "sh", "-c", "exit 7") }, want: 7 << 8},
		"prepare": {build: func() *Program {
			p := New(3)
			p.Process("outer")
			p.Begin()
			p.Doing("wait for the caller")
			p.Origin("the origin")
			p.AwaitCaller()
			outer(p)
			asInit(p, shell, "sh", "-c", "exit 7")
			return p
		}, want: 7 << 8},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			adoptOrphans(t)
			sameFDs(t)
			unreported := 0
			for i := range test.build().Steps() {
				for errno, fault := range faults {
					p := test.build()
					end := reportable(p, i)
					if s := p.Steps()[i]; !fault(s) {
						continue
					}
					status, err := runToEnd(t, p, test.kill)
					var step *StepError
					errors.As(err, &step)
					where := fmt.Sprintf("step %d, %v, %v", i, p.Steps()[i], errno)
					switch s := p.Steps()[i]; {
					case end == always:
						want := StepError{Step: i, Doing: s.doing, Origin: s.origin, Call: s.Call(), Errno: errno, Exec: s.exec}
						if step == nil || *step != want {
							t.Errorf("%s: %v, %#x", where, err, status)
						}
					case end == never:
						if err != nil || status != test.want {
							t.Errorf("%s: %v, %#x", where, err, status)
						}
					case step != nil && step.Errno == unix.ECANCELED && s.process == "outer":
						// Init saw that outer has ended, and could report it.
					case err == nil && status == ExitSetup<<8:
						unreported++
					case err != nil || status != test.want: // it was not reached, or the status had been sent
						t.Errorf("%s: %v, %#x", where, err, status)
					}
				}
			}
			if unreported == 0 {
				t.Error("no step failed after the command was started")
			}
		})
	}
}

// Whether the failure of a step comes to the caller.
const (
	always  = iota
	never   // it is not run, if all goes well
	unknown // it may be run, but by then nobody listens
)

func reportable(p *Program, i int) int {
	closed := map[string]int{} // the last step that a process takes with the status pipe
	executed := 0
	for n, s := range p.Steps() {
		switch s.nr {
		case unix.SYS_CLOSE_RANGE:
			closed[s.process] = n
		case unix.SYS_EXECVE:
			if _, err := os.Stat(s.args[0].v.name); err == nil && executed == 0 {
				executed = n
			}
		}
	}
	s := p.Steps()[i]
	switch last, supervised := closed[s.process]; {
	case s.op == OpFail, s.process == "command" && i > executed:
		return never
	case supervised && i > last:
		return unknown
	}
	return always
}

// runToEnd runs a program and finds what it should not have left.
func runToEnd(t *testing.T, p *Program, kill bool) (unix.WaitStatus, error) {
	t.Helper()
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	marker := pipe(t)
	hangs := time.AfterFunc(2*time.Minute, func() { panic("the image does not end") })
	defer hangs.Stop()
	before := len(testhost.OpenFDs(t))
	process, err := img.Start(&Attr{
		Files:   []*os.File{nil, marker[1], os.Stderr},
		Prepare: func(int) error { return nil },
	})
	var state State
	if err == nil {
		if kill {
			process.Kill()
		}
		state, err = process.Wait()
	}
	// Outer must have been waited for; init may be about to end with it.
	for _, pid := range children(os.Getpid()) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, ids, _ := strings.Cut(string(text), "\nNSpid:"); len(strings.Fields(strings.SplitN(ids, "\n", 2)[0])) == 1 {
			t.Errorf("outer is left: %s", text)
		}
	}
	if after := len(testhost.OpenFDs(t)); after != before {
		t.Errorf("%d file descriptors, before %d", after, before)
	}
	marker[1].Close()
	untilEOF(t, marker[0])
	marker[0].Close()
	nothingLeft(t)
	return state.Status, err
}
