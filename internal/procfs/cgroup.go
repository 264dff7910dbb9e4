package procfs

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// ErrNoCgroup says that a process is in no cgroup of version 2.
var ErrNoCgroup = errors.New("there is no cgroup of version 2")

// ParseCgroup reads the text of /proc/PID/cgroup, cgroups(7): which cgroup of version 2 the
// process is in, seen from the reader's cgroup namespace. One that is gone, or is not below the
// root of that, is an error. It needs Linux 4.5.
func ParseCgroup(text []byte) (string, error) {
	for line := range strings.Lines(string(text)) {
		group, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::")
		switch {
		case !ok:
		case !strings.HasPrefix(group, "/"), group == "/..", strings.HasPrefix(group, "/../"), strings.HasSuffix(group, " (deleted)"):
			return "", fmt.Errorf("its cgroup %.4096s cannot be reached from here", group)
		default:
			return group, nil
		}
	}
	return "", ErrNoCgroup
}

// CgroupFolder is where a cgroup of version 2 is shown by one of the mounts. False: by none.
func CgroupFolder(list []Mountinfo, group string) (dir string, ok bool) {
	for _, m := range list {
		if m.Type != "cgroup2" {
			continue
		}
		below, ok := strings.CutPrefix(group, strings.TrimSuffix(m.Root, "/"))
		if ok && (below == "" || below[0] == '/') {
			return path.Join(m.Point, below), true
		}
	}
	return "", false
}
