package cache

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// remove removes a file or a folder with all in it, whatever modes a command has given
// to what is there. Every folder is opened relative to the one above, and no symlink
// is followed. That it is not there is no error.
func remove(name string) error {
	if err := removeAt(unix.AT_FDCWD, name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &os.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

func removeAt(at int, name string) error {
	err := unix.Unlinkat(at, name, 0)
	if err != unix.EISDIR && err != unix.EPERM {
		return err
	}
	if err := unix.Unlinkat(at, name, unix.AT_REMOVEDIR); err != unix.ENOTEMPTY && err != unix.EEXIST && err != unix.EACCES {
		return err
	}
	names, fd, err := open(at, name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, below := range names {
		if err := removeAt(fd, below); err != nil && err != unix.ENOENT {
			return err
		}
	}
	return unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
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
