package sandbox

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/mounts"
)

// obeyed are what git runs or obeys in a repository's own folder.
var obeyed = []string{"hooks", "config", "config.worktree"}

// maxModules bounds how many submodules are protected.
const maxModules = 1000

// protectGit are the entries that keep what git on the host would run or obey
// from being changed in a writable folder: hooks and config of its repository and
// of the submodules in it, or a .git that is a file. What does not exist yet
// cannot be protected; [Planted] tells of it.
func protectGit(dir string) ([]mounts.Entry, error) {
	git := filepath.Join(dir, ".git")
	info, err := os.Lstat(git)
	switch {
	case err != nil:
		return nil, nil
	case info.Mode().IsRegular():
		return []mounts.Entry{mounts.ReadOnly{Target: git}}, nil
	case info.Mode()&fs.ModeSymlink != 0:
		real, err := filepath.EvalSymlinks(git)
		if err != nil || !strings.HasPrefix(real, dir+"/") {
			return nil, nil // it leads out of the folder, to where nothing is writable
		}
		git = real
	}
	return protectFolder(git)
}

// protectFolder protects what is in a git folder: of a repository, of a submodule, or
// of a work tree.
func protectFolder(git string) ([]mounts.Entry, error) {
	entries, err := protectRepository(git)
	if err != nil {
		return nil, err
	}
	// The folders of other work trees of the same repository: nothing here uses them.
	if info, err := os.Lstat(filepath.Join(git, "worktrees")); err == nil && info.IsDir() {
		entries = append(entries, mounts.ReadOnly{Target: filepath.Join(git, "worktrees")})
	}
	modules := filepath.Join(git, "modules")
	count := 0
	err = filepath.WalkDir(modules, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		if d.Name() == "objects" || d.Name() == "refs" || d.Name() == "logs" {
			return fs.SkipDir
		}
		// Whatever else a repository should have, an earlier run may have removed.
		more, err := protectRepository(path)
		if len(more) > 0 {
			count++
		}
		if count > maxModules {
			return fmt.Errorf("protect %s: it holds more than %d submodules", modules, maxModules)
		}
		entries = append(entries, more...)
		return err
	})
	return entries, err
}

func protectRepository(git string) (entries []mounts.Entry, err error) {
	for _, name := range obeyed {
		path := filepath.Join(git, name)
		info, err := os.Lstat(path)
		switch {
		case err != nil:
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, &SymlinkError{Path: path}
		default:
			entries = append(entries, mounts.ReadOnly{Target: path})
		}
	}
	return entries, nil
}

// SymlinkError says that a path which git on the host obeys is a symlink in a
// folder that the sandbox may write to: it cannot be protected.
type SymlinkError struct {
	Path string
}

func (e *SymlinkError) Error() string {
	return fmt.Sprintf("protect %s: it is a symlink, which cannot be made read-only", e.Path)
}
