package launch

// A standalone image says in words what a step failed with, whatever the errno.

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWords(t *testing.T) {
	for errno, want := range map[unix.Errno]string{
		unix.EPERM:  "usandbox: do it: operation not permitted\n",
		unix.ERANGE: "usandbox: do it: numerical result out of range\n",
		127:         "usandbox: do it: " + unix.Errno(127).Error() + "\n",
		128:         "usandbox: do it: unexpected error\n",
		524:         "usandbox: do it: unexpected error\n", // the kernel's own ENOTSUPP
	} {
		p := NewStandalone(3)
		p.Doing("do it")
		p.Fail(errno)
		img, err := p.Image()
		if err != nil {
			t.Fatal(err)
		}
		name := t.TempDir() + "/program"
		if err := os.WriteFile(name, img.Bytes(), 0o700); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(name).CombinedOutput()
		if code := err.(*exec.ExitError).ExitCode(); code != ExitSetup || string(out) != want {
			t.Errorf("%v: exit code %d, %q, want %q", errno, code, out, want)
		}
	}
}
