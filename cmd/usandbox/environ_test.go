package main

// The environment and the file descriptors that the command gets.

import (
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
)

func TestEnviron(t *testing.T) {
	t.Setenv("OTHER", "o")
	t.Setenv("EMPTY", "")
	os.Unsetenv("MISSING")
	caller := []string{"PATH=/bin", "OTHER=o", "LC_ALL=C", "EMPTY="}
	for _, c := range []struct{ args, want string }{
		{"", "PATH=/bin LC_ALL=C"},
		{"--inherit-env", "PATH=/bin OTHER=o LC_ALL=C EMPTY="},
		{"--env OTHER", "PATH=/bin LC_ALL=C OTHER=o"},
		{"--env MISSING", "PATH=/bin LC_ALL=C"},
		{"--env EMPTY", "PATH=/bin LC_ALL=C EMPTY="},
		{"--env A=1 --env A=2=3", "PATH=/bin LC_ALL=C A=2=3"},
		{"--env PATH=/x", "LC_ALL=C PATH=/x"},
		{"--env A=", "PATH=/bin LC_ALL=C A="},
		{"--unset-env PATH", "LC_ALL=C"},
		{"--unset-env PAT", "PATH=/bin LC_ALL=C"},
		{"--env A=1 --unset-env A", "PATH=/bin LC_ALL=C"},
		{"--unset-env A --env A=1", "PATH=/bin LC_ALL=C"}, // in whatever order
		{"--inherit-env --unset-env OTHER --env LC_ALL=D", "PATH=/bin EMPTY= LC_ALL=D"},
	} {
		f := newRunFlags("run")
		if err := f.set.Parse(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		env, err := f.environ(caller, nil)
		if got := strings.Join(env, " "); err != nil || got != c.want {
			t.Errorf("%s: %s, want %s, %v", c.args, got, c.want, err)
		}
		if env == nil {
			t.Errorf("%s: nil means the default", c.args)
		}
	}
	if strings.Join(caller, " ") != "PATH=/bin OTHER=o LC_ALL=C EMPTY=" {
		t.Errorf("the caller's environment is now %q", caller)
	}
}

// A compiled program has the same environment as run has with the same flags.
func TestEnvironmentOfProgram(t *testing.T) {
	for args, want := range map[string][]string{
		"":                             sandbox.PassedNames(),
		"--env A --env B=1":            append(sandbox.PassedNames(), "A", "B=1"),
		"--unset-env A":                append(sandbox.PassedNames(), "-A"),
		"--inherit-env":                {"*"},
		"--inherit-env --unset-env A":  {"*", "-A"},
		"--env A=1 --unset-env A":      append(sandbox.PassedNames(), "-A"), // as run has it
		"--env * --env AB* --env=-SET": sandbox.PassedNames(),               // no variables of such names
	} {
		f := newRunFlags("compile")
		if err := f.set.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if got := f.environmentOfProgram(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}

func TestExtraFiles(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	low, high := pipe[0], 100
	if err := unix.Dup2(pipe[1], high); err != nil {
		t.Fatal(err)
	}
	unix.Close(pipe[1])
	f := newRunFlags("run")
	f.keepFDs = []int{high, low}
	files, err := f.extraFiles()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != high-3+1 {
		t.Errorf("%d files", len(files))
	}
	for i, file := range files {
		switch fd := i + 3; {
		case fd == low || fd == high:
			if file == nil || int(file.Fd()) != fd {
				t.Errorf("%d: %v", fd, file)
			}
			file.Close()
		case file != nil:
			t.Errorf("%d: %v", fd, file)
		}
	}
	f.keepFDs = []int{low}
	if _, err := f.extraFiles(); err == nil {
		t.Error("a closed file descriptor is kept")
	}
	f.keepFDs = nil
	if files, err := f.extraFiles(); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
}
