package sandbox

// What several tests use: the test binary as a program in the sandbox, and the
// search for what a sandbox has left behind.

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/mounts"
)

// probePath is where sandboxes show the test binary. It is static, so it needs
// nothing else; executed under this name it does what its arguments say.
const probePath = "/probe"

func TestMain(m *testing.M) {
	if os.Args[0] == probePath {
		os.Exit(probe(os.Args[1], os.Args[2:]))
	}
	if os.Getenv("USANDBOX_TEST_ROLE") == "privileged" {
		fmt.Print(CheckUnprivileged()) // privileged_test.go
		return
	}
	os.Exit(m.Run())
}

// showProbe is the entry that shows the test binary.
func showProbe(t testing.TB) mounts.Entry {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Skip("skip: the test binary is not static: CGO_ENABLED=0 go test")
		}
	}
	return mounts.Bind{Source: self, Target: probePath}
}

// sh is a shell script with arguments, under SystemPolicy.
func sh(script string, args ...string) *Cmd {
	return Command("sh", append([]string{"-c", script, "sh"}, args...)...)
}

// output is the standard output of a command that is to succeed.
func output(t *testing.T, c *Cmd) string {
	t.Helper()
	out, err := c.Output()
	if err != nil {
		var exit *ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %v: %s", c, err, exit.Stderr)
		}
		t.Fatalf("%v: %v", c, err)
	}
	return string(out)
}

// write makes a file, with the folders that lead to it, and returns its name.
func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

// leavesNothing fails the test at its end if other file descriptors are open than
// now, or if a process is left that the test has started.
func leavesNothing(t *testing.T) {
	t.Helper()
	subreaper := func(v uintptr) {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, v, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	subreaper(1) // so that orphans become children of this process
	r, w, _ := os.Pipe()
	r.Close() // the runtime opens its own file descriptors with the first pipe
	w.Close()
	before := testhost.OpenFDs(t)
	t.Cleanup(func() {
		defer subreaper(0)
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			after := testhost.OpenFDs(t)
			_, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
			switch {
			case slices.Equal(before, after) && err == unix.ECHILD:
				return
			case time.Now().After(end):
				t.Errorf("file descriptors before %q\nafter %q\nchildren: %v", before, after, err)
				return
			}
		}
	})
}
