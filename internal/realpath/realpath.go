// Package realpath finds paths that are free of symlinks.
package realpath

import (
	"fmt"
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
