package cow

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/realpath"
)

// Dir is the folder of the caller's runs: $XDG_STATE_HOME/usandbox/runs, by default
// ~/.local/state/usandbox/runs. Symlinks in what exists of it are resolved.
func Dir() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home := os.Getenv("HOME")
		if !filepath.IsAbs(home) {
			return "", errors.New("neither XDG_STATE_HOME nor HOME says where to keep what is changed")
		}
		state = filepath.Join(home, ".local", "state")
	}
	return realpath.OfNew(filepath.Join(state, "usandbox/runs"))
}

// makeStore makes the folder of runs if it is missing. It has to be the caller's, and
// nobody else's to look into.
func makeStore(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var st unix.Stat_t
	switch err := unix.Lstat(dir, &st); {
	case err != nil:
		return fmt.Errorf("%s: %w", dir, err)
	case st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0:
		return fmt.Errorf("%s is not a folder of yours with mode 0700", dir)
	}
	return nil
}

// StoreError says that the folder of runs lies where an overlay cannot write.
type StoreError struct {
	Dir string
	Err error
}

func (e *StoreError) Error() string {
	return fmt.Sprintf("keep changes in %s: its file system does not take extended attributes, which an overlay needs: %v", e.Dir, e.Err)
}

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// within reports whether a clean path is a folder's or below it.
func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
