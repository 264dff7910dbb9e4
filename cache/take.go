package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/ending"
)

// maxNumber bounds how many sandboxes of a project use caches at once.
const maxNumber = 1000

// Take makes the layers on disk, and keeps others from using them until the lock is
// closed by everybody who has it; see Lock. They are the project's first that nobody
// uses.
func (l *Layers) Take() error {
	if l.lock != nil {
		return nil
	}
	if err := makeStore(l.dir); err != nil {
		return err
	}
	project := filepath.Join(l.dir, l.key)
	for l.number = 0; l.number < maxNumber; l.number++ {
		for _, dir := range []string{project, l.root()} {
			if err := makeFolder(dir); err != nil {
				return err
			}
		}
		lock, err := takeLock(l.root())
		switch {
		case errors.Is(err, unix.EWOULDBLOCK):
			continue
		case errors.Is(err, os.ErrNotExist): // it was discarded just now
			l.number--
			continue
		case err != nil:
			return err
		}
		if !ending.Await(lock) {
			lock.Close()
			continue
		}
		l.lock = lock
		if err := l.prepare(project); err != nil {
			l.Release()
			return err
		}
		return nil
	}
	return fmt.Errorf("%d sandboxes use caches in %s", maxNumber, l.project)
}

// Lock is the lock's file: whoever has it open, also after an exec, keeps the layers.
// Nil: they are not taken.
func (l *Layers) Lock() *os.File { return l.lock }

// Release gives up this process's part of the lock.
func (l *Layers) Release() {
	if l.lock != nil {
		l.lock.Close()
		l.lock = nil
	}
}

// Uses records the process, one of the sandbox's, after the end of which nothing of
// it is left: if whoever has the lock is killed, it may live for a moment longer.
func (l *Layers) Uses(pid int) error {
	return ending.Record(l.lock, pid)
}

// takeLock takes the lock of a folder of layers. EWOULDBLOCK: another has it.
// ErrNotExist: the folder has been removed meanwhile.
func takeLock(dir string) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			break
		}
	}
	if err == nil {
		var own, there unix.Stat_t
		if err = unix.Fstat(int(f.Fd()), &own); err == nil {
			err = unix.Lstat(name, &there)
		}
		if err == nil && own.Ino != there.Ino {
			err = unix.ENOENT
		}
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return f, nil
}
