package sandbox

import (
	"fmt"
	"io"
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
