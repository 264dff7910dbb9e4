package cow

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Files are made in batches, several at a time, since syncing one takes as long as
// syncing some.
const (
	maxBatch = 128
	makers   = 16
)

// job is a file, symlink or FIFO that is made under a temporary name.
type job struct {
	c      *Change
	parent int
	base   string
	temp   string
	mode   uint32
	err    error
}

// findLeaders finds the names to which others of the same inode are linked: those
// that the host has already as they should be. Apply adds those that it makes.
func (a *applier) findLeaders() {
	want := map[leaderKey]bool{}
	for _, c := range a.list {
		if c.inode != 0 {
			want[leaderKey{c.Layer, c.inode}] = true
		}
	}
	for key := range want {
		if path, ok := a.v.same[key]; ok {
			a.leaders[key] = folderKey{key.layer, path}
		}
	}
}

// add makes a file soon.
func (a *applier) add(c *Change) {
	j := &job{c: c}
	if j.parent, j.base, j.err = a.parent(c); j.err != nil {
		a.failed(c, j.err)
		return
	}
	if c.inode != 0 {
		a.linked(j)
		return
	}
	if !a.begin(j) {
		return
	}
	if a.batch = append(a.batch, j); len(a.batch) >= maxBatch {
		a.flush()
	}
}

// begin checks before anything is made, and chooses the temporary name.
func (a *applier) begin(j *job) bool {
	if _, _, j.err = a.expected(j.parent, j.base, j.c); j.err == nil {
		j.temp, j.err = a.temporary(j.c)
	}
	if j.err != nil {
		a.failed(j.c, j.err)
		return false
	}
	j.mode = a.mode(j.c)
	a.foreign(j.c)
	return true
}

// flush makes and places all that was added.
func (a *applier) flush() {
	jobs := make(chan *job)
	var wait sync.WaitGroup
	for range min(makers, len(a.batch)) {
		wait.Go(func() {
			for j := range jobs {
				j.err = a.make(j)
			}
		})
	}
	for _, j := range a.batch {
		jobs <- j
	}
	close(jobs)
	wait.Wait()
	for _, j := range a.batch {
		a.end1(j)
	}
	a.batch = a.batch[:0]
}

// end1 places what was made and reports it.
func (a *applier) end1(j *job) bool {
	err := j.err
	if err == nil {
		err = a.place(j.parent, j.temp, j.base, j.c)
	} else {
		err = a.drop(j.parent, j.temp, j.c, err)
	}
	if err != nil {
		a.failed(j.c, err)
		return false
	}
	a.report(j.c, Applied, "")
	return true
}

// linked makes a file that has several names: the first as any other, the others as
// links to it.
func (a *applier) linked(j *job) {
	a.flush()
	if !a.begin(j) {
		return
	}
	key := leaderKey{j.c.Layer, j.c.inode}
	leader, ok := a.leaders[key]
	if ok {
		j.err = a.link(j, leader)
	}
	if !ok || j.err != nil { // too many links, or it is gone: a copy
		j.err = a.make(j)
	}
	if a.end1(j) && !ok {
		a.leaders[key] = folderKey{j.c.Layer, j.c.Path}
	}
}

func (a *applier) link(j *job, leader folderKey) error {
	dir, base := cutPath(leader.path)
	parent, err := openFolder(a.v.sides[leader.layer].host, dir)
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	st, found, err := look(parent, base)
	if err != nil {
		return err
	}
	if !found || st.Mode&unix.S_IFMT != j.c.New.Type() {
		return unix.ENOENT
	}
	if err := a.v.journal.touch(st.Ino); err != nil {
		return err
	}
	return unix.Linkat(parent, base, j.parent, j.temp, 0)
}

// make makes what is to take a place, under its temporary name.
func (a *applier) make(j *job) error {
	switch j.c.New.Type() {
	case unix.S_IFLNK:
		return unix.Symlinkat(j.c.New.Target, j.parent, j.temp)
	case unix.S_IFIFO:
		if err := unix.Mkfifoat(j.parent, j.temp, 0o600); err != nil {
			return err
		}
		fd, err := openBeneath(j.parent, j.temp, unix.O_PATH|unix.O_NOFOLLOW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFIFO { // somebody else was faster
			return conflictError(changedOnHost)
		}
		return unix.Chmod(procFD(fd), j.mode)
	case unix.S_IFREG:
		return a.copy(j)
	}
	return fmt.Errorf("BUG: a %s", TypeName(j.c.New.Mode))
}

// copy copies a file of the upper folder, with what belongs to it.
func (a *applier) copy(j *job) error {
	from, err := a.v.New(j.c)
	if err != nil {
		return fmt.Errorf("read what the command has written: %w", err)
	}
	defer from.Close()
	fd, err := unix.Openat(j.parent, j.temp, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	to := os.NewFile(uintptr(fd), j.c.Path)
	defer to.Close()
	if err := copyContent(to, from); err != nil {
		return err
	}
	attrs, _, err := xattrs(int(from.Fd()), true)
	if err != nil {
		return err
	}
	if err := setXattrs(fd, attrs); err != nil {
		return err
	}
	a.keepGroup(fd, j.c)
	if err := unix.Fchmod(fd, j.mode); err != nil {
		return err
	}
	t := unix.Timespec{Sec: j.c.New.Mtime.Sec, Nsec: j.c.New.Mtime.Nsec}
	if err := unix.UtimesNanoAt(fd, "", []unix.Timespec{{Nsec: unix.UTIME_OMIT}, t}, unix.AT_EMPTY_PATH); err != nil {
		return err
	}
	return unix.Fsync(fd)
}

// keepGroup gives a file the group of the one that it replaces, where the caller may.
func (a *applier) keepGroup(fd int, c *Change) {
	if c.Old.Type() == unix.S_IFREG {
		unix.Fchown(fd, -1, int(c.host.gid))
	}
}
