package mounts

import (
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// realSource is where the name of a source leads to.
type realSource struct {
	path    string // real: without symlinks, "." and ".."
	file    bool   // it is no folder
	missing bool   // what is there has no path
}

// source is realpath(3) and stat(2): the kernel resolves the name, from the working folder
// if it is a relative one. What has no path fails with ENOENT, as the text that /proc shows in
// its place leads to nothing. Each name is looked up once.
func (l *looseTree) source(name string) (real string, file bool, err error) {
	s, ok := l.sources[name]
	if !ok {
		if l.name == nil {
			l.name = make([]byte, unix.PathMax)
		}
		if s, err = findReal(name, l.name); err != nil {
			if s.missing {
				l.sources[name] = s
			}
			return "", false, &fs.PathError{Op: "find", Path: name, Err: err}
		}
		l.sources[name] = s
	}
	if s.missing {
		return "", false, &fs.PathError{Op: "find", Path: name, Err: unix.ENOENT}
	}
	l.detail = s.path
	return s.path, s.file, nil
}

// findReal looks a name up; buf has room for a path.
func findReal(name string, buf []byte) (realSource, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return realSource{}, err
	}
	defer unix.Close(fd)
	var st, again unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return realSource{}, err
	}
	n, err := unix.Readlink("/proc/self/fd/"+strconv.Itoa(fd), buf)
	if err != nil {
		return realSource{}, err
	}
	s := realSource{path: string(buf[:n]), file: st.Mode&unix.S_IFMT != unix.S_IFDIR}
	if !strings.HasPrefix(s.path, "/") {
		s.missing = true
		return s, unix.ENOENT
	}
	if strings.HasSuffix(s.path, " (deleted)") {
		if err := unix.Lstat(s.path, &again); err != nil || again.Ino != st.Ino || again.Dev != st.Dev {
			s.missing = true
			return s, unix.ENOENT
		}
	}
	return s, nil
}
