package procfs

import (
	"os"
	"os/exec"
	"testing"
)

func TestNumber(t *testing.T) {
	if n, err := Number(os.Getpid()); err != nil || n != os.Getpid() {
		t.Errorf("%d, %v", n, err)
	}
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if n, err := Number(cmd.Process.Pid); err == nil {
		t.Errorf("of a process that has ended: %d", n)
	}
	if n, err := NumberOf(0); err == nil { // no pidfd
		t.Errorf("of no pidfd: %d", n)
	}
}
