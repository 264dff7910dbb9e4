package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// parseBindFD reads FD:DST[:OPTIONS]. The kernel lets no new mount namespace clone
// a mount by a file descriptor of another; so the path is asked for, and what is
// found there when the tree is built has to be the very file that is open.
func (f *runFlags) parseBindFD(arg, origin string) (mounts.Entry, error) {
	s, err := parseSpec(arg, 2, "ro", "rw", "noexec")
	if err != nil {
		return nil, err
	}
	if len(s.fields) != 2 || !filepath.IsAbs(s.fields[1]) {
		return nil, fmt.Errorf("want FD:DST, with DST absolute")
	}
	b := mounts.Bind{Target: filepath.Clean(s.fields[1]), Origin: origin}
	readOnly, err := s.flag("ro")
	if err != nil {
		return nil, err
	}
	if b.Writable, err = s.flag("rw"); err != nil {
		return nil, err
	}
	if readOnly && b.Writable {
		return nil, errors.New("ro and rw exclude each other")
	}
	if b.NoExec, err = s.flag("noexec"); err != nil {
		return nil, err
	}
	fd, err := givenFD(s.fields[0])
	if err != nil {
		return nil, err
	}
	f.descriptors = "bind-fd"
	b.Source, b.Is, err = openPath(fd)
	return b, err
}

// openPath is where the file or folder lies that a file descriptor has open, and
// which one it is.
func openPath(fd int) (path string, id mounts.FileID, err error) {
	if path, err = os.Readlink("/proc/self/fd/" + strconv.Itoa(fd)); err != nil {
		return "", id, fmt.Errorf("find what file descriptor %d has open: %w", fd, err)
	}
	if !filepath.IsAbs(path) { // pipe:[N], socket:[N], anon_inode:...
		kind, _, _ := strings.Cut(path, ":")
		return "", id, fmt.Errorf("file descriptor %d has no file or folder open but a kernel object (%s)", fd, kind)
	}
	if id, err = mounts.FileIDOf(fd); err != nil {
		return "", id, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return "", id, fmt.Errorf("file descriptor %d has a symlink open, %s", fd, path)
	}
	there, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(there)
		if now, err := mounts.FileIDOf(there); err == nil && now == id {
			return path, id, nil
		}
	}
	if name, ok := strings.CutSuffix(path, " (deleted)"); ok {
		return "", id, fmt.Errorf("what file descriptor %d has open, %s, has been deleted", fd, name)
	}
	return "", id, fmt.Errorf("what file descriptor %d has open is not to be found at %s: it is covered, out of reach, or in another mount namespace", fd, path)
}
