package limits

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// prefix is how the names of all cgroups begin that the package makes.
const prefix = "usandbox-"

// leafSuffix is how the name of the cgroup ends that a caller moves itself to.
const leafSuffix = ".self"

// tree is a delegated cgroup, in which those of sandboxes are made.
type tree struct {
	h    *host
	dir  string
	leaf bool // the caller is in it, alone, and has to leave it for a leaf
}

// lock keeps others of this package from changing what is in the tree. Closing the file
// unlocks it. Whoever can see the folder can hold the lock, a command in a sandbox too: so it
// is not waited for for ever, and nothing may be held up at the end of a sandbox by an error.
func (t *tree) lock() (*os.File, error) {
	f, err := os.Open(t.dir)
	if err != nil {
		return nil, fmt.Errorf("lock a cgroup: %w", err)
	}
	locked := make(chan error, 1)
	go func() {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		for err == unix.EINTR {
			err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		}
		locked <- err
	}()
	select {
	case err = <-locked:
		if err == nil {
			return f, nil
		}
		f.Close()
	case <-time.After(t.h.lockPatience):
		go func() {
			<-locked
			f.Close()
		}()
		err = fmt.Errorf("another process has held it for %v", t.h.lockPatience)
	}
	return nil, fmt.Errorf("lock the cgroup %s: %w", t.dir, err)
}

// makeGroup makes the cgroup for a sandbox, and sets what is asked for.
func (t *tree) makeGroup(l *Limits) (*Group, error) {
	lock, err := t.lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	t.sweep()
	asked, implied := l.settings(), l.implied()
	if err := t.enable(asked, implied); err != nil {
		return nil, err
	}
	g, err := t.newGroup()
	if err != nil {
		t.restore()
		return nil, err
	}
	if err := g.apply(slices.Concat(implied, asked)); err != nil { // what is asked for comes last
		g.removeLocked()
		return nil, err
	}
	return g, nil
}

// enable has the groups in the tree be controlled. What is asked for has to be there; for
// what is not, and to tell what was used, memory, pids and io are taken if they are.
func (t *tree) enable(asked, implied []setting) error {
	have, err := words(t.dir, "cgroup.controllers")
	if err != nil {
		return fmt.Errorf("read the controllers of %s: %w", t.dir, err)
	}
	want := []string{"memory", "pids", "io"}
	for _, s := range asked {
		if !slices.Contains(have, s.controller) {
			return t.missing(s, have)
		}
		want = append(want, s.controller)
	}
	on, _ := words(t.dir, "cgroup.subtree_control")
	var list []string
	for _, c := range want {
		if slices.Contains(have, c) && !slices.Contains(on, c) && !slices.Contains(list, "+"+c) {
			list = append(list, "+"+c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	if t.leaf {
		if err := t.moveSelf(); err != nil {
			return err
		}
	}
	if err := write(t.dir+"/cgroup.subtree_control", strings.Join(list, " ")); err != nil {
		t.restore()
		if errors.Is(err, unix.EBUSY) {
			return hinted{fmt.Errorf("there are processes in %s itself: a cgroup has processes, or others with limits in it", t.dir),
				"name one that has none, or move them to one below it"}
		}
		return fmt.Errorf("switch %s on in %s: %w", strings.Join(list, " "), t.dir, err)
	}
	return nil
}

// missing is the error for a controller that the tree does not have.
func (t *tree) missing(s setting, have []string) error {
	list := strings.Join(have, ", ")
	if list == "" {
		list = "none"
	}
	return hinted{fmt.Errorf("%s needs the controller %s, which %s does not have (it has: %s)", s.flag, s.controller, t.dir, list), hintController}
}

// moveSelf moves the caller out of the tree's own cgroup into a leaf: one that has processes
// cannot pass controllers on.
func (t *tree) moveSelf() error {
	leaf := t.leafDir()
	if err := t.mkdir(leaf); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := write(leaf+"/cgroup.procs", "0"); err != nil {
		os.Remove(leaf)
		return fmt.Errorf("move usandbox to %s: %w", leaf, err)
	}
	return nil
}

func (t *tree) leafDir() string {
	return filepath.Join(t.dir, prefix+strconv.Itoa(t.h.pid)+leafSuffix)
}

// restore moves the caller back from its leaf, if it has one and nobody else uses the tree.
func (t *tree) restore() {
	leaf := t.leafDir()
	if in, err := processes(leaf); err != nil || !slices.Equal(in, []int{t.h.pid}) {
		return
	}
	for _, name := range t.ours() {
		if filepath.Join(t.dir, name) != leaf {
			return
		}
	}
	on, _ := words(t.dir, "cgroup.subtree_control")
	if len(on) > 0 && write(t.dir+"/cgroup.subtree_control", "-"+strings.Join(on, " -")) != nil {
		return
	}
	if write(t.dir+"/cgroup.procs", "0") == nil {
		os.Remove(leaf)
	}
}

// ours are the names of the cgroups in the tree that this package has made.
func (t *tree) ours() []string {
	entries, _ := os.ReadDir(t.dir)
	var list []string
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			list = append(list, e.Name())
		}
	}
	return list
}

// mkdir makes a cgroup.
func (t *tree) mkdir(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if err == nil {
		t.h.made(dir)
	}
	return err
}
