package cache

// Layers: one for each project and each sandbox at a time, kept, but not over another
// start of the machine, and removed whatever is in them.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/removal"

	"github.com/usandbox/usandbox/mounts"
)

// scene is a home folder with pip's cache, and a project.
func scene(t *testing.T) (home, project string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	home, project = base+"/home", base+"/project"
	clear(t, home)
	for _, dir := range []string{home + "/.cache/pip", project} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+rwx", base).Run() })
	return home, project
}

func take(t *testing.T, project string) *Layers {
	t.Helper()
	l, err := For(project, !strings.HasSuffix(project, "/home"), []string{"pip"}, "--cache pip")
	if err == nil {
		err = l.Take()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Release)
	return l
}

// upper is where the first of the layers is written to.
func upper(l *Layers) string { return l.Entries()[0].(mounts.Overlay).Upper }

func TestTake(t *testing.T) {
	home, project := scene(t)
	plan, err := For(project, true, []string{"pip"}, "x")
	if err != nil {
		t.Fatal(err)
	}
	entries := plan.Entries()
	if _, err := os.Lstat(home + "/.cache/usandbox"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("For made something: %v", err)
	}
	first, second := take(t, project), take(t, project)
	other := take(t, home)
	if upper(first) == upper(second) || upper(first) == upper(other) || upper(second) == upper(other) {
		t.Errorf("%s, %s, %s", upper(first), upper(second), upper(other))
	}
	if placed := second.Place(entries)[0].(mounts.Overlay); placed.Upper != upper(second) || placed.Work != filepath.Dir(upper(second))+"/work" {
		t.Errorf("placed: %+v", placed)
	}
	if o := entries[0].(mounts.Overlay); o.Lower[0] != home+"/.cache/pip" || o.Target != o.Lower[0] || !o.Volatile || o.Upper != upper(first) {
		t.Errorf("%+v", o)
	}
	first.Release()
	if third := take(t, project); upper(third) != upper(first) {
		t.Errorf("%s was not used again: %s", upper(first), upper(third))
	}
}

// Whoever has the lock's file open keeps the layers, and so does a process that was
// recorded, until it is gone.
func TestTakeAwaitsTheEnd(t *testing.T) {
	_, project := scene(t)
	first := take(t, project)
	fd, err := unix.FcntlInt(first.Lock().Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	name := upper(first)
	c := exec.Command("sleep", "60")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := first.Uses(c.Process.Pid); err != nil { // it is none of ours, so nobody waits for it
		t.Fatal(err)
	}
	first.Release()
	second := take(t, project)
	if upper(second) == name {
		t.Error("taken twice")
	}
	unix.Close(fd)
	second.Release()
	if third := take(t, project); upper(third) != name {
		t.Errorf("%s was not used again", name)
	}
	c.Process.Kill()
	c.Wait()
}

// A sandbox of ours that was killed may still be going away.
func TestTakeAwaitsTheKilled(t *testing.T) {
	home, project := scene(t)
	first := take(t, project)
	name := filepath.Join(home, "usandbox") // what the process is called
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(sleep)
	if err == nil {
		err = os.WriteFile(name, text, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(name, "60")
	c.Args[0] = "sleep" // where it is one program with many names
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := first.Uses(c.Process.Pid); err != nil {
		t.Fatal(err)
	}
	first.Release()
	time.AfterFunc(200*time.Millisecond, func() { c.Process.Kill() })
	second := take(t, project)
	if upper(second) == upper(first) && unix.Kill(c.Process.Pid, 0) == nil {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
		if !strings.Contains(string(stat), ") Z ") {
			t.Errorf("taken while the process lives: %s", stat)
		}
	}
	c.Wait()
}

// A folder that takes the place of another does not inherit its layers.
func TestKey(t *testing.T) {
	_, project := scene(t)
	before := upper(take(t, project))
	if err := os.Rename(project, project+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(project, 0o755); err != nil {
		t.Fatal(err)
	}
	if after := upper(take(t, project)); filepath.Dir(filepath.Dir(filepath.Dir(after))) == filepath.Dir(filepath.Dir(filepath.Dir(before))) {
		t.Errorf("%s, %s", before, after)
	}
	if l, err := For(project+"/none", true, []string{"pip"}, ""); err == nil {
		t.Errorf("%+v", l)
	}
}

func TestPrepare(t *testing.T) {
	_, project := scene(t)
	l := take(t, project)
	dir := filepath.Dir(upper(l))
	for _, name := range []string{"work/work/incompat/volatile", "upper"} {
		if err := os.MkdirAll(dir+"/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir+"/upper/kept")
	if err := os.Chmod(dir+"/work/work", 0); err != nil {
		t.Fatal(err)
	}
	l.Release()
	again := take(t, project)
	if _, err := os.Lstat(dir + "/upper/kept"); err != nil || upper(again) != dir+"/upper" {
		t.Error(err)
	}
	if list, err := os.ReadDir(dir + "/work"); err != nil || len(list) > 0 {
		t.Errorf("the mark of a volatile overlay is there: %v, %v", list, err)
	}
	again.Release()
	if err := os.WriteFile(filepath.Dir(dir)+"/boot", []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	take(t, project)
	if _, err := os.Lstat(dir + "/upper/kept"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("kept over another start of the machine: %v", err)
	}
}

func put(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whatever a command left, it is removed, and nothing else.
func TestRemove(t *testing.T) {
	base := t.TempDir()
	script := `mkdir -p outside top/a/b top/c; echo x >outside/file; chmod 600 outside/file; ln -s ../../outside top/a/link; ln -s ../outside/file top/c/link
ln outside/file top/c/hard; mkfifo top/a/fifo; echo x >top/a/b/x; chmod 0 top/a/b/x top/a/b top/c; chmod 111 top/a; chmod 555 top
d=top2; for i in $(seq 300); do mkdir $d && chmod 300 $d; d=$d/d; done`
	c := exec.Command("sh", "-c", script)
	c.Dir = base
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"top", "top2", "none"} {
		if err := removal.All(filepath.Join(base, name)); err != nil {
			t.Error(err)
		}
	}
	list, err := os.ReadDir(base)
	info, err2 := os.Stat(base + "/outside/file")
	if err != nil || len(list) != 1 || err2 != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v, %v, %v", list, err, info, err2)
	}
	if err := os.Symlink("outside", base+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := removal.All(base + "/link"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(base + "/outside/file"); err != nil {
		t.Error(err)
	}
}

func TestDiscard(t *testing.T) {
	home, project := scene(t)
	if n, used, err := Discard(); n != 0 || used != nil || err != nil {
		t.Errorf("without any: %d, %q, %v", n, used, err)
	}
	first, second := take(t, project), take(t, project)
	first.Release()
	if n, used, err := Discard(); n != 1 || len(used) != 1 || used[0] != project || err != nil {
		t.Errorf("%d, %q, %v", n, used, err)
	}
	if _, err := os.Stat(upper(second)); err != nil {
		t.Error(err)
	}
	second.Release()
	if n, used, err := Discard(); n != 1 || used != nil || err != nil {
		t.Errorf("%d, %q, %v", n, used, err)
	}
	if list, err := os.ReadDir(home + "/.cache/usandbox/layers"); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
	take(t, project)
}

func TestForRefuses(t *testing.T) {
	home, project := scene(t)
	for env, why := range map[string]string{
		"PIP_CACHE_DIR=" + home:                  "is the home folder",
		"PIP_CACHE_DIR=/":                        "holds the current folder",
		"PIP_CACHE_DIR=" + home + "/.cache":      "hold one another",
		"PIP_CACHE_DIR=" + filepath.Dir(project): "holds the current folder",
		"XDG_CACHE_HOME=" + project + "/c":       "where what is written would be kept",
	} {
		clear(t, home)
		k, v, _ := strings.Cut(env, "=")
		t.Setenv(k, v)
		if l, err := For(project, true, []string{"pip"}, ""); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %+v, %v", env, l, err)
		}
	}
	clear(t, home)
	t.Setenv("PIP_CACHE_DIR", project+"/pip")
	if l, err := For(project, true, []string{"pip"}, ""); err != nil || len(l.Entries()) != 0 {
		t.Errorf("a cache in the project: %+v, %v", l, err)
	}
	if l, err := For(project, false, []string{"pip"}, ""); err != nil || len(l.Entries()) != 1 {
		t.Errorf("in a project that is not seen: %+v, %v", l, err)
	}
}

// A store that others may write to is not used.
func TestStore(t *testing.T) {
	home, project := scene(t)
	store := home + "/.cache/usandbox/layers"
	if err := os.MkdirAll(store, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(store, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := For(project, true, []string{"pip"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Take(); err == nil || !strings.Contains(err.Error(), "mode 0700") {
		t.Error(err)
	}
}
