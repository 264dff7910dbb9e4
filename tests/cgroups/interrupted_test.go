package cgroups

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Who waits for a systemd that does nothing can give up, at once; it is reported, and nothing is
// left for long.
func TestInterrupted(t *testing.T) {
	only(t, "systemd")
	if os.Getuid() == 0 {
		t.Skip("root's systemd is the machine's, which cannot be stopped")
	}
	out, err := exec.Command("systemctl", "show", "--property=MainPID", "--value", fmt.Sprintf("user@%d.service", os.Getuid())).Output()
	manager, numberErr := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || numberErr != nil || manager <= 1 {
		t.Fatalf("%v, %q", err, out)
	}
	defer unix.Kill(manager, unix.SIGCONT)
	file := filepath.Join(t.TempDir(), "report")
	for _, report := range []bool{false, true} {
		if err := unix.Kill(manager, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		args := []string{"--pids", "20", "--", "true"}
		if report {
			args = append([]string{"--report", file}, args...)
		}
		cmd := usandbox(args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		begin := time.Now()
		cmd.Process.Signal(os.Interrupt)
		err := cmd.Wait()
		if took := time.Since(begin); err == nil || err.Error() != "signal: interrupt" || took > 5*time.Second {
			t.Errorf("report: %v: %v, after %v", report, err, took)
		}
		unix.Kill(manager, unix.SIGCONT)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "ended by SIGINT before the command ran") {
		t.Errorf("%v\n%s", err, text)
	}
	time.Sleep(time.Second) // what was asked for is made now
	if out, err := usandbox("--pids", "20", "--", "true").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	nothingLeft(t)
}
