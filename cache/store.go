package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/ownfolder"
)

// Dir is the folder of all layers: $XDG_CACHE_HOME/usandbox/layers, by default
// ~/.cache/usandbox/layers. Symlinks in what exists of it are resolved.
func Dir() (string, error) {
	return ownfolder.Path("XDG_CACHE_HOME", ".cache", "usandbox/layers", "the layers of caches")
}

// makeStore makes what is missing of the folder of all layers.
func makeStore(dir string) error {
	if err := ownfolder.Make(dir); err != nil {
		return err
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
