package launch

// What several tests use: the test binary executed again in another role, a
// count of file descriptors, and the search for processes that are left.

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
)

// roles are what the test binary does instead of tests, by USANDBOX_TEST_ROLE.
var roles = map[string]func(){
	"caller":  callerRole,  // kill_test.go
	"inherit": inheritRole, // inherit_test.go
	"inplace": inPlaceRole, // inplace_test.go
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[0] == argv0 && os.Args[1] == "again" { // inplace_test.go; it may have no environment
		fmt.Println(os.Args)
		os.Exit(9)
	}
	if role, ok := roles[os.Getenv("USANDBOX_TEST_ROLE")]; ok {
		role()
		return
	}
	if os.Getenv("USANDBOX_TEST_REFUSE") == "memfd" {
		refuseMemfd() // executable_test.go
	}
	os.Exit(m.Run())
}

// again is the test binary, to be executed with more in its environment.
func again(env ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// sameFDs fails the test at its end if other file descriptors are open than now.
func sameFDs(t *testing.T) {
	t.Helper()
	r, w, _ := os.Pipe() // the runtime opens its own with the first
	r.Close()
	w.Close()
	before := testhost.OpenFDs(t)
	t.Cleanup(func() {
		if after := testhost.OpenFDs(t); !slices.Equal(before, after) {
			t.Errorf("file descriptors before %q\nafter %q", before, after)
		}
	})
}

// adoptOrphans makes the children of processes that end children of this one,
// so that nothingLeft sees whatever the test has started.
func adoptOrphans(t *testing.T) {
	t.Helper()
	set := func(v uintptr) {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, v, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	set(1)
	t.Cleanup(func() { set(0) })
}

// nothingLeft waits until this process has no descendant.
func nothingLeft(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Microsecond) {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		switch {
		case err == unix.ECHILD:
			return
		case pid == 0 && time.Now().After(end):
			for _, pid := range children(os.Getpid()) {
				status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
				t.Logf("%s", status)
			}
			t.Fatal("processes are left")
		}
	}
}

// untilEOF reads what is written to a pipe until no process holds its writing end.
func untilEOF(t *testing.T, r *os.File) string {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(2 * time.Minute))
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("somebody still holds the pipe: %v", err)
	}
	return string(text)
}

// children is the list of the process ids whose parent is pid.
func children(pid int) (list []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, _ := os.ReadFile(name)
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			list = append(list, child)
		}
	}
	return list
}
