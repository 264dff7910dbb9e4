package cache

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/ending"
	"github.com/usandbox/usandbox/internal/removal"
)

// Discard removes the layers of all projects, but for those that a sandbox uses, of
// which it returns the projects' folders. Removed is how many there were.
func Discard() (removed int, used []string, err error) {
	dir, err := Dir()
	if err != nil {
		return 0, nil, err
	}
	projects, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil, nil
	}
	errs := []error{err}
	for _, p := range projects {
		project := filepath.Join(dir, p.Name())
		if !p.IsDir() {
			continue
		}
		numbers, err := os.ReadDir(project)
		errs = append(errs, err)
		busy := false
		for _, n := range numbers {
			if !n.IsDir() {
				continue
			}
			switch err := discard(filepath.Join(project, n.Name())); {
			case errors.Is(err, unix.EWOULDBLOCK):
				busy = true
			case err != nil:
				errs = append(errs, err)
			default:
				removed++
			}
		}
		if busy {
			path, _ := os.ReadFile(filepath.Join(project, "path"))
			used = append(used, string(path[:max(0, len(path)-1)]))
			continue
		}
		os.Remove(filepath.Join(project, "path"))
		os.Remove(project) // somebody may use it again just now
	}
	return removed, used, errors.Join(errs...)
}

// discard removes the layers in a folder that nobody uses. The lock goes last: who
// waits for it then sees that it is another's.
func discard(dir string) error {
	lock, err := takeLock(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if !ending.Await(lock) {
		return unix.EWOULDBLOCK
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Name() != "lock" {
			if err := removal.All(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Remove(filepath.Join(dir, "lock")); err != nil {
		return err
	}
	return os.Remove(dir)
}
