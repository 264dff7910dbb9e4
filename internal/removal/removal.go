// Package removal removes what a command that nobody trusts has written.
package removal

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxDepth is how many folders are open at once. What lies deeper is moved up first, as
// there may be fewer file descriptors than folders in one another.
const maxDepth = 100

// All removes a file or a folder with all in it, whatever modes a command has given
// to what is there, and however deep it is. Every folder is opened relative to the one
// above, and no symlink is followed. That it is not there is no error.
func All(name string) error {
	r := &removal{}
	if err := r.remove(unix.AT_FDCWD, name, 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &os.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

type removal struct {
	top   int // the folder that everything is in
	moved []string
	count int
}

func (r *removal) remove(at int, name string, depth int) error {
	err := unix.Unlinkat(at, name, 0)
	if err != unix.EISDIR && err != unix.EPERM {
		return err
	}
	if err := unix.Unlinkat(at, name, unix.AT_REMOVEDIR); err != unix.ENOTEMPTY && err != unix.EEXIST && err != unix.EACCES {
		return err
	}
	if depth > maxDepth {
		return r.move(at, name)
	}
	names, fd, err := open(at, name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if depth == 0 {
		r.top = fd
	}
	for _, below := range names {
		if err := r.remove(fd, below, depth+1); err != nil && err != unix.ENOENT {
			return err
		}
	}
	for depth == 0 && len(r.moved) > 0 {
		last := len(r.moved) - 1
		below := r.moved[last]
		r.moved = r.moved[:last]
		if err := r.remove(fd, below, 1); err != nil && err != unix.ENOENT {
			return err
		}
	}
	return unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
}

// move moves a folder to the top, to be removed later. The folder above is empty of it
// then.
func (r *removal) move(at int, name string) error {
	path, err := unix.Openat(at, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	err = unix.Chmod("/proc/self/fd/"+strconv.Itoa(path), 0o700) // its ".." is written
	unix.Close(path)
	if err != nil {
		return err
	}
	for {
		to := ".deep-" + strconv.Itoa(r.count)
		r.count++
		err := unix.Renameat2(at, name, r.top, to, unix.RENAME_NOREPLACE)
		if err == nil {
			r.moved = append(r.moved, to)
		}
		if err != unix.EEXIST {
			return err
		}
	}
}

// open opens a folder after giving itself the permission, and lists it.
func open(at int, name string) (names []string, fd int, err error) {
	path, err := unix.Openat(at, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, -1, err
	}
	defer unix.Close(path)
	self := "/proc/self/fd/" + strconv.Itoa(path)
	if err := unix.Chmod(self, 0o700); err != nil {
		return nil, -1, err
	}
	if fd, err = unix.Open(self, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return nil, -1, err
	}
	list, err := unix.Dup(fd)
	if err != nil {
		unix.Close(fd)
		return nil, -1, err
	}
	f := os.NewFile(uintptr(list), name)
	defer f.Close()
	if names, err = f.Readdirnames(-1); err != nil {
		unix.Close(fd)
		return nil, -1, err
	}
	return names, fd, nil
}
