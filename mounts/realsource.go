package mounts

import (
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// realSource is where the name of a source leads to.
type realSource struct {
	path string // real: without symlinks, "." and ".."
	file bool   // it is no folder
	own  bool   // the path is one of /proc/self that leads to what has no path
}

// source is realpath(3) and stat(2): the kernel resolves the name, from the working folder
// if it is a relative one. What has no path fails with ENOENT, as the text that /proc shows in
// its place leads to nothing. Each name is looked up once.
func (l *looseTree) source(name string) (real string, file bool, err error) {
	s, ok := l.sources[name]
	if !ok {
		if s, err = findReal(name); err == nil {
			l.sources[name] = s
		} else if b, isBind := l.entry.(Bind); isBind && b.Try && err == unix.ENOENT {
			s, err = findOwn(name)
		}
		if err != nil {
			return "", false, &fs.PathError{Op: "find", Path: name, Err: err}
		}
	}
	l.detail, l.own = s.path, s.own
	return s.path, s.file, nil
}

// findOwn looks up a name of /proc/self that leads to what has no path: a namespace, a file
// descriptor, proc(5). The process that mounts it looks once more, for its own.
func findOwn(name string) (realSource, error) {
	if fd, ok := strings.CutPrefix(name, "/dev/fd/"); ok {
		name = "/proc/self/fd/" + fd
	}
	var st unix.Stat_t
	if !strings.HasPrefix(name, "/proc/self/") || unix.Stat(name, &st) != nil {
		return realSource{}, unix.ENOENT
	}
	return realSource{path: name, file: st.Mode&unix.S_IFMT != unix.S_IFDIR, own: true}, nil
}

func findReal(name string) (realSource, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return realSource{}, err
	}
	defer unix.Close(fd)
	var st, again unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return realSource{}, err
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlink("/proc/self/fd/"+strconv.Itoa(fd), buf)
	if err != nil {
		return realSource{}, err
	}
	s := realSource{path: string(buf[:n]), file: st.Mode&unix.S_IFMT != unix.S_IFDIR}
	if !strings.HasPrefix(s.path, "/") {
		return s, unix.ENOENT
	}
	if strings.HasSuffix(s.path, " (deleted)") {
		if err := unix.Lstat(s.path, &again); err != nil || again.Ino != st.Ino || again.Dev != st.Dev {
			return s, unix.ENOENT
		}
	}
	return s, nil
}
