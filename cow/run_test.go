package cow

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// home makes a folder for runs, and one to run in.
func home(t *testing.T) (dir string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeTree(base) }) // the kernel's folder has no permissions
	t.Setenv("XDG_STATE_HOME", filepath.Join(base, "state"))
	dir = filepath.Join(base, "dir")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	return dir
}

func newRun(t *testing.T, dirs ...string) *Run {
	t.Helper()
	r, err := New([]string{"make", "all"}, dirs)
	if err == nil {
		err = r.Make()
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRun(t *testing.T) {
	dir := home(t)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(dir, old, old); err != nil {
		t.Fatal(err)
	}
	r := newRun(t, dir)
	if !r.Running() {
		t.Error("a run that has begun is not locked")
	}
	if r.Changed() {
		t.Error("a new run has changes")
	}
	info, err := os.Stat(r.Layers[0].Upper())
	if err != nil || info.Mode().Perm() != 0o750 || !info.ModTime().Equal(old) {
		t.Errorf("upper folder: mode %v, time %v, %v", info.Mode(), info.ModTime(), err)
	}
	if err := os.WriteFile(filepath.Join(r.Layers[0].Upper(), "new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !r.Changed() {
		t.Error("a new file is no change")
	}
	if err := r.Ended(3 << 8); err != nil {
		t.Fatal(err)
	}

	for here, want := range map[string]bool{dir: true, dir + "/below": true, filepath.Dir(dir): true, filepath.Dir(dir) + "/state": false, dir + "x": false} {
		if _, err := Newest(here); (err == nil) != want {
			t.Errorf("Newest(%s): %v", here, err)
		}
	}
	found, err := Find(r.ID[:3])
	if err != nil {
		t.Fatal(err)
	}
	end, err := found.End()
	if err != nil || !end.Known || end.Status.ExitStatus() != 3 || time.Since(end.At) > time.Minute {
		t.Errorf("end: %+v, %v", end, err)
	}
	if found.Running() || found.Layers[0].Dir != dir || found.Layers[0].Upper() != r.Layers[0].Upper() ||
		found.Marker != r.Marker || len(found.Command) != 2 {
		t.Errorf("found %+v of %+v", found, r)
	}
	if err := found.Remove(); err != nil {
		t.Fatal(err)
	}
	var none *NoRunError
	if _, err := Newest(dir); !errors.As(err, &none) {
		t.Errorf("Newest after Remove: %v", err)
	}
}

// Nobody who is killed while a run is made leaves one that looks whole.
func TestUnfinished(t *testing.T) {
	dir := home(t)
	r := newRun(t, dir)
	left := filepath.Join(filepath.Dir(r.Folder()), unfinished+"abc")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []bool{false, true} {
		runs, err := Runs()
		if err != nil || len(runs) != 1 {
			t.Errorf("%d runs, %v", len(runs), err)
		}
		if _, err := os.Lstat(left); os.IsNotExist(err) != gone {
			t.Errorf("unfinished: %v; want gone: %v", err, gone)
		}
		old := time.Now().Add(-2 * time.Hour)
		os.Chtimes(left, old, old)
	}
}

func TestAbandon(t *testing.T) {
	dir := home(t)
	ours, ended := newRun(t, dir), newRun(t, dir)
	if err := ended.Ended(0); err != nil {
		t.Fatal(err)
	}
	// That of a process in another PID namespace, which has the same number there.
	other := newRun(t, dir)
	holder := exec.Command("sleep", "60")
	holder.ExtraFiles = []*os.File{other.status}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer holder.Wait()
	defer holder.Process.Kill()
	other.status.Close()
	Abandon()
	runs, err := Runs()
	if err != nil || len(runs) != 2 || slices.ContainsFunc(runs, func(r *Run) bool { return r.ID == ours.ID }) {
		t.Errorf("left: %v, %v; want %s and %s, not %s", runs, err, other.ID, ended.ID, ours.ID)
	}
}

func TestNewRefuses(t *testing.T) {
	dir := home(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var inside *StoreInsideError
	if _, err := New(nil, []string{filepath.Dir(dir)}); !errors.As(err, &inside) {
		t.Errorf("a folder that holds the runs: %v", err)
	}
	for _, dirs := range [][]string{{file}, {filepath.Join(dir, "none")}, {dir, dir}} {
		if r, err := New(nil, dirs); err == nil {
			t.Errorf("New(%q) = %+v", dirs, r)
		}
	}
}

// A folder of runs that others can look into is not used.
func TestStoreMode(t *testing.T) {
	dir := home(t)
	r := newRun(t, dir)
	store := filepath.Dir(r.Folder())
	if err := os.Chmod(store, 0o755); err != nil {
		t.Fatal(err)
	}
	again, err := New(nil, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Make(); err == nil {
		t.Error("made in a folder of mode 0755")
	}
}

// Whatever modes a command gives to what it makes, the run can be removed; what a
// symlink in it names stays.
func TestRemove(t *testing.T) {
	dir := home(t)
	r := newRun(t, dir)
	kept := filepath.Join(dir, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(r.Layers[0].Upper(), "a/b/c")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"file": kept, "folder": dir} {
		if err := os.Symlink(to, filepath.Join(deep, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{deep, filepath.Dir(deep), filepath.Dir(filepath.Dir(deep)), r.Layers[0].Upper()} {
		if err := unix.Chmod(d, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(r.Folder()); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	if _, err := os.Lstat(kept); err != nil {
		t.Error(err)
	}
}
