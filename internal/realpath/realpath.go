// Package realpath finds paths that are free of symlinks.
package realpath

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Of is the absolute path, without symlinks, of what exists under a name. It is what
// the kernel finds: $PWD, which may lead through symlinks, counts for nothing, and ".."
// is the folder above the one that a symlink leads to.
func Of(name string) (string, error) {
	if name == "" {
		return "", unix.ENOENT
	}
	if !filepath.IsAbs(name) {
		wd, err := unix.Getwd()
		if err != nil {
			return "", fmt.Errorf("find the current folder: %w", err)
		}
		name = wd + "/" + name // not filepath.Join, which takes ".." for what it is not
	}
	return filepath.EvalSymlinks(name)
}

// OfNew is the path, without symlinks, of what need not exist: of an absolute path the
// part that exists is resolved.
func OfNew(name string) (string, error) {
	dir, rest := filepath.Clean(name), ""
	for {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == "/" {
			return "", err
		}
		dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest)
	}
}
