package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/realpath"
)

// Dir is the folder of all layers: $XDG_CACHE_HOME/usandbox/layers, by default
// ~/.cache/usandbox/layers. Symlinks in what exists of it are resolved.
func Dir() (string, error) {
	caches := os.Getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(caches) {
		home := os.Getenv("HOME")
		if !filepath.IsAbs(home) {
			return "", errors.New("neither XDG_CACHE_HOME nor HOME says where to keep the layers of caches")
		}
		caches = filepath.Join(home, ".cache")
	}
	return realpath.OfNew(filepath.Join(caches, "usandbox/layers"))
}

// makeStore makes what is missing of the folder of all layers.
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
	if err := unix.Setxattr(dir, "user.usandbox", []byte("layers"), 0); err != nil {
		return fmt.Errorf("%s: its file system does not take extended attributes, which an overlay needs: %w", dir, err)
	}
	return nil
}

// makeFolder makes a folder, unless it is there.
func makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// hash tells paths apart in names of files.
func hash(path string, digits int) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:])[:digits]
}

// within reports whether a clean path is a folder's or below it.
func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}
