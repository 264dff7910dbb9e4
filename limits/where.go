package limits

import (
	"bufio"
	"errors"
	"io"
	"path"
	"strings"
)

// maxTable bounds what is read of files in /proc whose length depends on others.
const maxTable = 4 << 20

// errNoGroup says that a process is in no cgroup of version 2.
var errNoGroup = errors.New("there is no cgroup of version 2")

// groupOf is the cgroup of version 2 in the contents of /proc/PID/cgroup, cgroups(7).
func groupOf(r io.Reader) (string, error) {
	lines := bufio.NewScanner(io.LimitReader(r, maxTable))
	for lines.Scan() {
		group, ok := strings.CutPrefix(lines.Text(), "0::")
		if !ok {
			continue
		}
		if group == "" || group[0] != '/' || group == "/.." || strings.HasPrefix(group, "/../") || strings.HasSuffix(group, " (deleted)") {
			return "", errors.New("its cgroup " + group + " cannot be reached from here")
		}
		return group, nil
	}
	if err := lines.Err(); err != nil {
		return "", err
	}
	return "", errNoGroup
}

// mounted is a mount of cgroups of version 2: the folder, and which cgroup it shows.
type mounted struct{ dir, root string }

// groupMounts are those in the contents of /proc/self/mountinfo, proc_pid_mountinfo(5).
func groupMounts(r io.Reader) ([]mounted, error) {
	var list []mounted
	lines := bufio.NewScanner(io.LimitReader(r, maxTable))
	lines.Buffer(nil, 64<<10)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) < 6 || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		if strings.Contains(fields[3]+fields[4], `\`) {
			continue // an octal escape: no mount of cgroups has one
		}
		list = append(list, mounted{fields[4], fields[3]})
	}
	return list, lines.Err()
}

// folder is where a cgroup can be found; false: none of the mounts shows it.
func folder(list []mounted, group string) (string, bool) {
	for _, m := range list {
		below, ok := strings.CutPrefix(group, strings.TrimSuffix(m.root, "/"))
		if ok && (below == "" || below[0] == '/') {
			return path.Join(m.dir, below), true
		}
	}
	return "", false
}
