package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A command that ends right after it has printed too much has met its limit, though nobody had
// seen it then.
func TestOutputLimitSeenLate(t *testing.T) {
	leavesNothing(t)
	for range 10 {
		c := Command("printf", "12345678901")
		c.Stdout, c.Deadlines = slowWriter{}, Deadlines{OutputLimit: 10, Grace: time.Second}
		if c.Run(); c.Result().ExitCode() != 124 {
			t.Fatalf("code %d, ending %s", c.Result().ExitCode(), c.Result().Ending)
		}
	}
}

// slowWriter lets the command end before anything is seen of what it has printed.
type slowWriter struct{}

func (slowWriter) Write(b []byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	return io.Discard.Write(b)
}

// A command that leaves its process group, of which nothing is left then, has not ended.
func TestTimeoutAfterLeavingGroup(t *testing.T) {
	leavesNothing(t)
	c := Command(probePath, "leave-group", "8000")
	c.Policy.Files = append(c.Policy.Files, showProbe(t))
	c.Deadlines = Deadlines{Timeout: 300 * time.Millisecond, Grace: 100 * time.Millisecond}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if c.Wait(); c.Result().ExitCode() != 124 || c.Result().Wall > 7*time.Second {
		t.Errorf("code %d after %v", c.Result().ExitCode(), c.Result().Wall)
	}
}

// Whoever outside has got hold of the command's output is not waited for.
func TestCountedOutputGivenAway(t *testing.T) {
	leavesNothing(t)
	probe := showProbe(t)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "pair")
	c := Command(probePath, "give-stdout")
	c.Policy.Files = append(c.Policy.Files, probe)
	var out bytes.Buffer
	c.ExtraFiles, c.Stdout, c.Deadlines = []*os.File{theirs}, &out, Deadlines{OutputLimit: 100, Timeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- c.Run() }()
	select {
	case err := <-ended:
		if err != nil || out.String() != "given\n" {
			t.Errorf("%v, %q", err, out.String())
		}
		theirs.Close()
		unix.Close(pair[0]) // and with it the pipe that is on its way
	case <-time.After(5 * time.Second):
		theirs.Close()
		unix.Close(pair[0])
		t.Errorf("it is still waited for; then: %v", <-ended)
	}
	c.pipes.group.Wait()
}

// leaveGroup goes to the process group of a child, and does not hear of SIGTERM there.
func leaveGroup(ms string) int {
	signal.Ignore(unix.SIGTERM)
	child := exec.Command(probePath, "sleep", ms)
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := child.Start(); err != nil {
		fmt.Println(err)
		return 98
	}
	if err := unix.Setpgid(0, child.Process.Pid); err != nil {
		fmt.Println(err)
		return 97
	}
	child.Wait()
	return 0
}
