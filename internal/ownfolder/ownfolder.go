// Package ownfolder finds and makes the folders in which usandbox keeps what is the
// caller's alone, by the XDG Base Directory Specification.
package ownfolder

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/realpath"
)

// Path is the folder name below the one that the environment variable tells, by
// default below byDefault in the home folder. Symlinks in what exists of it are
// resolved. Purpose is what it is for, in the error.
func Path(variable, byDefault, name, purpose string) (string, error) {
	base := os.Getenv(variable)
	if !filepath.IsAbs(base) {
		home := os.Getenv("HOME")
		if !filepath.IsAbs(home) {
			return "", fmt.Errorf("neither %s nor HOME says where to keep %s", variable, purpose)
		}
		base = filepath.Join(home, byDefault)
	}
	return realpath.OfNew(filepath.Join(base, name))
}

// Make makes the folder if it is missing. It has to be the caller's, and nobody else's
// to look into.
func Make(dir string) error {
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
