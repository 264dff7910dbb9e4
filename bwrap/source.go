package bwrap

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// source is what an operation shows, as the host has it.
type source struct {
	path   string // real: without symlinks, "." and ".."
	folder bool
}

// findSource is realpath(3) and stat(2). The kernel resolves the path; a relative one is
// of the caller's working folder. What has no path fails with ENOENT, as the text that
// /proc shows in its place leads to nothing.
func findSource(name string) (source, error) {
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return source{}, err
	}
	defer unix.Close(fd)
	var st, again unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return source{}, err
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlink("/proc/self/fd/"+strconv.Itoa(fd), buf)
	if err != nil {
		return source{}, err
	}
	s := source{path: string(buf[:n]), folder: st.Mode&unix.S_IFMT == unix.S_IFDIR}
	if !strings.HasPrefix(s.path, "/") {
		return source{}, unix.ENOENT
	}
	if strings.HasSuffix(s.path, " (deleted)") {
		if err := unix.Lstat(s.path, &again); err != nil || again.Ino != st.Ino || again.Dev != st.Dev {
			return source{}, unix.ENOENT
		}
	}
	return s, nil
}

// findSources looks up what the operations show, one of each name.
func (o *Options) findSources() (map[string]source, error) {
	found := map[string]source{}
	for _, op := range o.Ops {
		names := op.Layers
		switch op.Kind {
		case Bind, ROBind, DevBind:
			names = []string{op.Source}
		case Overlay:
			names = append([]string{op.Source, op.Work}, op.Layers...)
		}
		for _, name := range names {
			if _, ok := found[name]; ok {
				continue
			}
			s, err := findSource(name)
			switch {
			case err == unix.ENOENT && op.Try:
			case err != nil:
				return nil, fail("Can't find source path %s: %s", name, strerror(err))
			default:
				found[name] = s
			}
		}
	}
	return found, nil
}
