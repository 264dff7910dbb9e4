package mounts

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// Entry is one element of a file tree. Entries are applied in order; a later one
// lies over an earlier one. The types in this package are the only ones.
type Entry interface {
	// Where is the path in the sandbox that the entry is about.
	Where() string
	// String is what the entry does: "bind /src on /work read-only".
	String() string
	// origin is the flag or profile line that asked for it.
	origin() string
	// check refuses what can be seen to be wrong without looking at any file.
	check() error
	// compile appends the entry's steps.
	compile(t *tree) error
}

// Error says which entry of a tree cannot be had.
type Error struct {
	Entry  Entry
	Doing  string // "bind /src on /work"
	Origin string // the flag or profile line; may be empty
	Err    error
	Hint   string // what to type instead; may be empty
}

func (e *Error) Error() string {
	text := e.Doing + ": " + e.Err.Error()
	if e.Origin != "" {
		text += " (from " + e.Origin + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// hinted is an error with a piece of advice.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// advise adds advice to an error.
func advise(err error, format string, args ...any) error {
	return hinted{err, fmt.Sprintf(format, args...)}
}

var errRoot = advise(errors.New("the destination is the root itself"), "--rootfs DIR uses a folder as the root")

// maxPath is PATH_MAX without the NUL, limits.h.
const maxPath = 4095

// checkTarget refuses a path that cannot be a mount point.
func checkTarget(target string) error {
	switch {
	case !path.IsAbs(target):
		return fmt.Errorf("the destination %q is not absolute", target)
	case path.Clean(target) == "/":
		return errRoot
	}
	return checkPath(target)
}

// checkPath refuses what the kernel could not take as a path.
func checkPath(p string) error {
	switch {
	case p == "":
		return fmt.Errorf("the path is empty")
	case len(p) > maxPath:
		return fmt.Errorf("the path has %d bytes; the kernel takes %d", len(p), maxPath)
	case strings.IndexByte(p, 0) >= 0:
		return fmt.Errorf("the path %q holds a NUL byte", p)
	}
	return nil
}
