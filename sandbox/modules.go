package sandbox

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// notModules are the folders of a repository in which no submodule's lies.
var notModules = []string{"objects", "refs", "logs", "info", "hooks", "branches", "worktrees", "lfs"}

// submodules are names in the modules folders of the git folders that are watched: git
// takes what it finds there, hooks and settings with it, when a submodule of that name
// is first checked out. Folders come before what is in them.
func (p *Planted) submodules() (names []string) {
	roots := []string{".git/modules"}
	for _, name := range p.outside {
		if path.Base(name) == "modules" {
			roots = append(roots, name)
		}
	}
	for _, root := range roots {
		at := p.at(root)
		filepath.WalkDir(at, func(name string, d fs.DirEntry, err error) error {
			switch {
			case len(names) > 4*maxModules:
				return fs.SkipAll
			case err != nil || !d.IsDir() || name == at:
				return nil
			case slices.Contains(notModules, d.Name()):
				return fs.SkipDir
			}
			name = root + strings.TrimPrefix(name, at)
			names = append(names, name)
			for _, o := range obeyed {
				names = append(names, name+"/"+o)
			}
			return nil
		})
	}
	return names
}
