package idmap

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHostilePath: whoever sets PATH, the working folder or the environment
// does not choose the helper, nor what the helper gets to see.
func TestHostilePath(t *testing.T) {
	evil := t.TempDir()
	var paths []string
	for _, program := range []string{"newuidmap", "newgidmap", "getsubids"} {
		paths = append(paths, fakeHelper(t, evil, program))
	}
	t.Setenv("PATH", evil+":.:"+os.Getenv("PATH"))
	t.Chdir(evil)
	for _, k := range []Kind{UID, GID} {
		Install(k, 1<<30, One(0, 0)) // no such process: fails in any case
		Delegated(k, "alice", 1000)
	}
	for _, path := range paths {
		if s := saw(t, path); s != "" {
			t.Errorf("%s was started: %s", path, s)
		}
	}
	for _, dir := range helperDirs {
		if !filepath.IsAbs(dir) {
			t.Errorf("helpers are looked up in %q", dir)
		}
	}
}

func TestHelperEnvironment(t *testing.T) {
	dir := t.TempDir()
	path := fakeHelper(t, dir, "newuidmap")
	t.Setenv("GODEBUG", "")
	t.Setenv("LD_LIBRARY_PATH", "/tmp/evil")
	t.Setenv("SECRET_TOKEN", "hunter2")
	if err := install(t.Context(), []string{t.TempDir(), dir}, UID, 4711, auto); err != nil {
		t.Fatal(err)
	}
	const want = `args ["4711" "0" "1000" "1" "1" "100000" "65536"]
env ["PATH=/usr/bin:/bin:/usr/sbin:/sbin" "LANG=C"]
dir /
`
	if got := saw(t, path); got != want {
		t.Errorf("the helper saw\n%swant\n%s", got, want)
	}
}

func TestFindHelper(t *testing.T) {
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "newuidmap"), 0o755)
	os.WriteFile(filepath.Join(dir, "newgidmap"), nil, 0o644)
	for _, program := range []string{"newuidmap", "newgidmap", "getsubids"} {
		if path, ok := findHelper([]string{dir}, program); ok {
			t.Errorf("found %s", path)
		}
	}
	err := install(t.Context(), []string{dir}, GID, 1, One(0, 0))
	var missing *HelperMissingError
	if !errors.As(err, &missing) || missing.Program != "newgidmap" {
		t.Errorf("%#v", err)
	}
	wantError(t, err, "write gid_map of process 1: find newgidmap", "uidmap (Debian", "shadow-utils (Fedora)", "/usr/bin")
}

func TestHelperFails(t *testing.T) {
	dir := t.TempDir()
	fakeHelper(t, dir, "newuidmap", ".fail", "", ".stderr", "\n"+strings.Repeat("\x1b[31mno\n", 10000))
	err := install(t.Context(), []string{dir}, UID, 4711, One(0, 0))
	wantError(t, err, "write uid_map of process 4711: run "+dir+"/newuidmap: exit status 1: ", `"\x1b[31mno\n`)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Errorf("%#v", err)
	}
	if n := len(err.Error()); n > 5*maxQuote || strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("%d bytes: %v", n, err)
	}
}

func TestHelperHangs(t *testing.T) {
	dir := t.TempDir()
	fakeHelper(t, dir, "newuidmap", ".hang", "", ".stderr", "waiting")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	err := install(ctx, []string{dir}, UID, 4711, One(0, 0))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(begin); took > 5*time.Minute {
		t.Errorf("took %v", took)
	}
}
