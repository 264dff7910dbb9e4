package cow

import (
	"fmt"
	"strings"

	"github.com/usandbox/usandbox/internal/ownfolder"
)

// Dir is the folder of the caller's runs: $XDG_STATE_HOME/usandbox/runs, by default
// ~/.local/state/usandbox/runs. Symlinks in what exists of it are resolved.
func Dir() (string, error) {
	return ownfolder.Path("XDG_STATE_HOME", ".local/state", "usandbox/runs", "what is changed")
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
