package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// opened is a folder that was found by its path once, and is looked into by its
// file descriptor alone: whatever takes the path's place later is not seen.
type opened struct {
	fd    int
	path  string
	id    mounts.FileID
	owner uint32
}

// openFolder opens an absolute path that has no symlink in it.
func openFolder(name string) (*opened, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	switch err {
	case nil:
	case unix.ENOENT:
		return nil, errors.New("it does not exist")
	case unix.ENOTDIR:
		return nil, errors.New("it is no folder")
	case unix.ELOOP:
		return nil, errors.New("a symlink is on the way to it")
	default:
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return nil, err
	}
	id, err := mounts.FileIDOf(fd)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &opened{fd, path.Clean(name), id, st.Uid}, nil
}

func (o *opened) close() { unix.Close(o.fd) }

// has reports whether the folder has something of a type, S_IFDIR or S_IFREG.
func (o *opened) has(name string, kind uint32) bool {
	var st unix.Stat_t
	return unix.Fstatat(o.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT == kind
}

// up reports whether the folder lies exactly the given way up from here: "../..".
func (o *opened) up(way string, to *opened) bool {
	fd, err := unix.Openat(o.fd, way, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	id, err := mounts.FileIDOf(fd)
	return err == nil && id == to.id
}

// read reads a small file of the folder that belongs to owner. It opens nothing
// but a regular file, so nothing blocks or has a side effect.
func (o *opened) read(name string, max int64, owner uint32) (string, error) {
	fd, err := unix.Openat2(o.fd, name, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	switch err := unix.Fstat(fd, &st); {
	case err != nil:
		return "", fmt.Errorf("%s: %w", name, err)
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return "", fmt.Errorf("%s is no regular file", name)
	case st.Uid != owner:
		return "", fmt.Errorf("%s belongs to another user (%d)", name, st.Uid)
	case st.Size > max:
		return "", fmt.Errorf("%s is too long (%d bytes)", name, st.Size)
	}
	f, err := os.OpenFile("/proc/self/fd/"+strconv.Itoa(fd), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, max))
	return string(text), err
}
