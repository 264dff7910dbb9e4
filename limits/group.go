package limits

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Group is the place of one sandbox's processes: a cgroup that has the limits and, in it,
// one for the processes. The root of the sandbox's cgroup namespace is the inner one, so
// what holds for the sandbox is above what it can reach.
//
// It is for one goroutine, but for Kill.
type Group struct {
	tree  *tree
	dir   string // has the limits
	lock  *os.File
	inner *os.File // the cgroup for the processes; nil: they have to be adopted

	limits  Limits  // of an adopter
	adopter adopter // nil: nothing needs to be adopted
	lost    []string
	usage   *Usage
}

// adopter puts a process that runs, and waits, where the limits hold for it.
type adopter interface {
	adopt(g *Group, pid int) error
	release()
}

// innerName is the name of the cgroup for the processes, in the one that has the limits.
const innerName = "sandbox"

// newGroup makes both cgroups.
func (t *tree) newGroup() (*Group, error) {
	var dir string
	for n := 0; ; n++ {
		dir = filepath.Join(t.dir, prefix+strconv.Itoa(t.h.pid)+"-"+strconv.Itoa(n))
		err := t.mkdir(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, explainMkdir(err)
		}
	}
	g := &Group{tree: t, dir: dir}
	err := t.mkdir(filepath.Join(dir, innerName))
	if err == nil {
		g.lock, err = os.Open(dir)
	}
	if err == nil {
		err = os.NewSyscallError("flock", unix.Flock(int(g.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB))
	}
	if err == nil {
		g.inner, err = os.Open(filepath.Join(dir, innerName))
	}
	if err != nil {
		g.removeLocked()
		return nil, err
	}
	return g, nil
}

// apply writes settings.
func (g *Group) apply(list []setting) error {
	for _, s := range list {
		err := write(filepath.Join(g.dir, s.file), s.value)
		switch {
		case err == nil, s.may:
		case errors.Is(err, os.ErrNotExist):
			return fmt.Errorf("%s: this kernel has no %s", s.flag, s.file)
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ERANGE):
			return fmt.Errorf("%s: the kernel does not take %q for %s: %w", s.flag, s.value, s.file, unwrapped(err))
		default:
			return fmt.Errorf("%s: write %q to %s: %w", s.flag, s.value, s.file, unwrapped(err))
		}
	}
	return nil
}

// unwrapped is the errno of an error about a path.
func unwrapped(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// File is the cgroup to start the sandbox's first process in (SysProcAttr.CgroupFD, clone3(2)
// with CLONE_INTO_CGROUP, Linux 5.7). It stays the group's. Nil: the process has to be
// adopted.
func (g *Group) File() *os.File {
	if g == nil {
		return nil
	}
	return g.inner
}

// Adopts reports whether the first process has to wait for [Group.Adopt].
func (g *Group) Adopts() bool { return g != nil && g.adopter != nil }

// Adopt puts a process, and what it forks later, under the limits.
func (g *Group) Adopt(pid int) error {
	if !g.Adopts() {
		return nil
	}
	err := g.adopter.adopt(g, pid)
	if err == nil || !g.limits.BestEffort {
		return err
	}
	g.adopter, g.lost = &single{g.limits}, g.limits.lostWithout(err)
	return g.adopter.adopt(g, pid)
}

// Lost are sentences about limits that were asked for and do not hold, or hold for less; with
// Limits.BestEffort only.
func (g *Group) Lost() []string {
	if g == nil {
		return nil
	}
	return g.lost
}

// Usage is what was used so far; after [Group.Remove], what was used when it was removed. Nil:
// there is no cgroup.
func (g *Group) Usage() *Usage {
	if g == nil || g.dir == "" {
		return nil
	}
	if g.usage == nil {
		return readUsage(g.dir)
	}
	return g.usage
}

// Kill kills every process in the group, also those that are forked meanwhile: cgroup.kill,
// Linux 5.14; before, one by one.
func (g *Group) Kill() {
	if g == nil || g.dir == "" {
		return
	}
	if err := write(g.dir+"/cgroup.kill", "1"); errors.Is(err, os.ErrNotExist) {
		killEach(g.dir + "/" + innerName)
	}
}

func killEach(dir string) {
	list, _ := processes(dir)
	for _, pid := range list {
		if pid > 0 {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// Remove kills what is left in the group, reads what it has used, and removes it. It may be
// called on nil, and more than once.
func (g *Group) Remove() error {
	if g == nil {
		return nil
	}
	if g.dir != "" && g.usage == nil {
		if populated(g.dir) {
			g.Kill()
		}
		g.usage = readUsage(g.dir)
	}
	if g.adopter != nil {
		defer g.adopter.release()
	}
	if g.dir == "" || g.lock == nil {
		return nil
	}
	if l, err := g.tree.lock(); err == nil {
		defer l.Close()
	}
	return g.removeLocked()
}

// removeLocked removes the group; the tree is locked.
func (g *Group) removeLocked() error {
	var err error
	for pause, end := 100*time.Microsecond, time.Now().Add(g.tree.h.patience); ; pause = min(2*pause, 20*time.Millisecond) {
		err = removeAll(g.dir)
		if err == nil || os.IsNotExist(err) || time.Now().After(end) {
			break
		}
		g.Kill()
		time.Sleep(pause)
	}
	for _, f := range []*os.File{g.inner, g.lock} {
		if f != nil {
			f.Close()
		}
	}
	g.inner, g.lock = nil, nil
	g.tree.restore()
	if err == nil || os.IsNotExist(err) {
		return nil
	}
	return fmt.Errorf("remove the cgroup %s: %w", g.dir, err)
}
