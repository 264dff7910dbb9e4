package cow

import (
	"io/fs"
	"os"
	"path/filepath"
)

// removeTree removes a folder of ours with all in it, whatever modes a command has
// given to what is there. It follows no symlink.
func removeTree(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700) // before it is listed
		}
		return nil
	})
	return os.RemoveAll(dir)
}
