package limits

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// sweep removes what callers have left that were killed. Whoever has a group holds a lock on
// it, and a group with processes cannot be removed: they end by themselves when their
// supervisor is gone, and the next one to come removes it.
func (t *tree) sweep() {
	for _, name := range t.ours() {
		dir := filepath.Join(t.dir, name)
		if strings.HasSuffix(name, leafSuffix) {
			unix.Rmdir(dir) // EBUSY: somebody is in it
			continue
		}
		f, err := os.Open(dir)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			removeAll(dir)
		}
		f.Close()
	}
}

// populated reports whether there are processes in a cgroup or below; also if that cannot be
// told.
func populated(dir string) bool {
	n, ok := table(dir, "cgroup.events")
	return !ok || n["populated"] != 0
}

// removeAll removes a cgroup and those in it, which have to be empty. The first error is
// returned.
func removeAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeAll(filepath.Join(dir, e.Name())); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	return unix.Rmdir(dir)
}
