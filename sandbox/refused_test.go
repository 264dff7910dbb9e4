package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/seccomp"
)

// refusing runs the probe with a report, under the default filter and these.
func refusing(t *testing.T, args ...string) *Cmd {
	t.Helper()
	leavesNothing(t)
	c := &Cmd{Args: append([]string{probePath}, args...), ReportRefused: true, Stderr: os.Stderr}
	c.Policy.Files = []mounts.Entry{showProbe(t), mounts.Proc{Target: "/proc"}}
	return c
}

func TestRefused(t *testing.T) {
	c := refusing(t, "refused", "3")
	out, err := c.Output()
	if err != nil || string(out) != "operation not permitted, address family not supported by protocol" {
		t.Errorf("%q, %v", out, err)
	}
	list, others := c.Refused()
	var got []string
	for _, r := range list {
		if r.Errno != unix.ENOSYS { // what the runtime tries
			got = append(got, fmt.Sprintf("%v %v %s %d", r.Call, r.Errno, r.Program, r.Count))
		}
	}
	want := []string{"chroot operation not permitted probe 3", "socket(AF_ALG) address family not supported by protocol probe 3"}
	if fmt.Sprint(got) != fmt.Sprint(want) || others != 0 {
		t.Errorf("%q and %d others, want %q", got, others, want)
	}
}

// Without a report there is none, and nothing is asked.
func TestRefusedNotAsked(t *testing.T) {
	c := refusing(t, "refused", "1")
	c.ReportRefused = false
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	if list, others := c.Refused(); list != nil || others != 0 {
		t.Errorf("%v, %d", list, others)
	}
}

// A command that makes refused calls of ever new kinds fills no memory, and ends.
func TestRefusedFlood(t *testing.T) {
	c := refusing(t, "flood", "2000")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	list, others := c.Refused()
	var sum uint64
	for _, r := range list {
		sum += r.Count
	}
	if len(list) != maxRefused || sum+others < 2000 {
		t.Errorf("%d kinds with %d calls, and %d others", len(list), sum, others)
	}
}

// Kill ends a sandbox all of whose threads wait for an answer, or make the next call.
func TestRefusedKill(t *testing.T) {
	c := refusing(t, "flood", "0")
	r, w := io.Pipe()
	c.Stdout = w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Fscanln(r) // the first line: it has begun
	go io.Copy(io.Discard, r)
	time.Sleep(50 * time.Millisecond)
	c.Kill()
	err := c.Wait()
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Result.Status.Signal() != unix.SIGKILL {
		t.Errorf("Wait: %v", err)
	}
	if list, _ := c.Refused(); len(list) == 0 {
		t.Error("nothing was counted")
	}
}

// The listener is one of the first filter; others refuse without being asked.
func TestRefusedByFilters(t *testing.T) {
	own := seccomp.Policy{Default: seccomp.Action{Kind: seccomp.Allow}, Unknown: seccomp.Fails(unix.ENOSYS), Rules: []seccomp.Rule{
		{Action: seccomp.Fails(unix.EXDEV), Calls: []string{"chroot", "sendmsg", "close"}},
	}}
	prog, err := own.Compile()
	if err != nil {
		t.Fatal(err)
	}
	c := refusing(t, "refused", "2")
	c.Policy.Seccomp = Seccomp{Off: true, Filters: []seccomp.Program{prog}}
	out, err := c.Output()
	if err != nil || !strings.HasPrefix(string(out), "invalid cross-device link, ") {
		t.Errorf("%q, %v", out, err)
	}
	if list, _ := c.Refused(); len(list) != 1 || list[0].Count != 2 || list[0].Errno != unix.EXDEV {
		t.Errorf("%+v", list)
	}

	// What the start needed is refused all the same, and nobody is asked.
	c = refusing(t, "close")
	c.Policy.Seccomp = Seccomp{Off: true, Filters: []seccomp.Program{prog}}
	if out, err = c.Output(); err != nil || string(out) != "invalid cross-device link" {
		t.Errorf("%q, %v", out, err)
	}
	if list, _ := c.Refused(); len(list) != 0 {
		t.Errorf("%+v", list)
	}

	c = refusing(t, "refused", "2")
	c.Policy.Seccomp = Seccomp{Filters: []seccomp.Program{prog}}
	out, err = c.Output() // two filters refuse: the kernel takes the errno of the last one loaded
	if err != nil || string(out) != "invalid cross-device link, address family not supported by protocol" {
		t.Errorf("%q, %v", out, err)
	}
}

// A command that cannot be started, under a filter that refuses what that would be told
// by: nobody listens yet, so nothing may wait for an answer.
func TestRefusedNotStarted(t *testing.T) {
	own := seccomp.Policy{Default: seccomp.Action{Kind: seccomp.Allow}, Rules: []seccomp.Rule{
		{Action: seccomp.Fails(unix.EPERM), Calls: []string{"write", "close", "sendmsg"}},
	}}
	prog, err := own.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for _, report := range []bool{false, true} {
		c := refusing(t)
		c.Args, c.ReportRefused = []string{"/none"}, report
		c.Policy.Seccomp = Seccomp{Off: true, Filters: []seccomp.Program{prog}}
		ended := make(chan error, 1)
		go func() { ended <- c.Run() }()
		select {
		case err := <-ended:
			if err == nil {
				t.Errorf("reported %v: no error", report)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("reported %v: it hangs", report)
		}
	}
}

func TestRefusedErrors(t *testing.T) {
	c := refusing(t, "refused", "1")
	c.Policy.Seccomp.Off = true
	var wrong *PolicyError
	if err := c.Start(); !errors.As(err, &wrong) || wrong.Field != "Seccomp" {
		t.Errorf("without a filter: %v", err)
	}
	c = refusing(t, "refused", "1")
	if _, err := c.Standalone(); !errors.As(err, &wrong) {
		t.Errorf("Standalone: %v", err)
	}
}
