package idmap

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary play other programs: the helpers, when it is
// started through a link of that name, and a process that does nothing.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "newuidmap", "newgidmap", "getsubids":
		os.Exit(playHelper(os.Args[0]))
	}
	if len(os.Args) == 2 && os.Args[1] == "idle" {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// playHelper does what the files beside the program say, and leaves a file
// that tells how it was called.
func playHelper(self string) int {
	dir, _ := os.Getwd()
	saw := fmt.Sprintf("args %q\nenv %q\ndir %s\n", os.Args[1:], os.Environ(), dir)
	if err := os.WriteFile(self+".saw", []byte(saw), 0o644); err != nil {
		panic(err)
	}
	for suffix, w := range map[string]io.Writer{".stdout": os.Stdout, ".stderr": os.Stderr} {
		text, _ := os.ReadFile(self + suffix)
		w.Write(text)
	}
	if _, err := os.Stat(self + ".hang"); err == nil {
		time.Sleep(time.Minute)
	}
	if _, err := os.Stat(self + ".die"); err == nil {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	if _, err := os.Stat(self + ".fail"); err == nil {
		return 1
	}
	return 0
}

// fakeHelper puts a helper of that name into the folder, with files beside it
// as playHelper reads them: suffix, content, suffix, content...
func fakeHelper(t *testing.T, dir, program string, files ...string) (path string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, program)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(path+files[i], []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// saw is how a fake helper was called, "" if it was not.
func saw(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path + ".saw")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// wantError fails the test unless the error has each of the texts.
func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %q", texts)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}
