package cow

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// removeTree removes a folder of ours with all in it, whatever modes a command has
// given to what is there, and however deep it is. It follows no symlink.
func removeTree(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.RemoveAll(dir)
	}
	defer unix.Close(fd)
	r := &remover{top: fd}
	for again := true; again; {
		before := r.lifted
		r.folder(fd, 0)
		again = r.lifted > before
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.Join(r.err, err)
	}
	return nil
}

// maxOpen is how deep a tree is removed at once. What lies deeper is moved up, and
// removed then: a tree may be deeper than files can be open.
const maxOpen = 100

type remover struct {
	top    int // where folders are moved to
	lifted int
	err    error // the first
}

// folder removes all in a folder, as far as possible.
func (r *remover) folder(fd, depth int) {
	unix.Chmod(procFD(fd), 0o700)
	names, err := list(fd)
	r.note(err)
	for _, name := range names {
		err := unix.Unlinkat(fd, name, 0)
		if err == unix.EISDIR || err == unix.EPERM {
			err = r.subfolder(fd, name, depth)
		}
		r.note(err)
	}
}

func (r *remover) subfolder(dir int, name string, depth int) error {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if depth == maxOpen {
		unix.Chmod(procFD(fd), 0o700) // its .. changes
		r.lifted++
		return unix.Renameat(dir, name, r.top, ".lifted-"+strconv.Itoa(r.lifted))
	}
	r.folder(fd, depth+1)
	return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR)
}

func (r *remover) note(err error) {
	if r.err == nil {
		r.err = err
	}
}
