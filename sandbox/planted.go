package sandbox

import (
	"os"
	"path/filepath"
	"syscall"
)

// actedOn are names in a project folder that programs on the host act on without
// being asked: version control, shells, editors, language tools.
var actedOn = []string{
	".git", ".git/hooks", ".git/config", ".git/info/attributes", ".gitmodules", ".gitattributes",
	".hg", ".svn", ".envrc", ".direnv", ".vscode", ".idea", ".vimrc", ".nvimrc", ".exrc", ".nvim.lua", ".dir-locals.el",
	".editorconfig", ".husky", ".devcontainer", ".mise.toml", "mise.toml", ".tool-versions", ".nvmrc", ".npmrc",
	".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pre-commit-config.yaml", ".pypirc", ".python-version", ".cargo",
	".bazelrc", ".gdbinit", ".lldbinit", ".claude", ".cursor", ".mcp.json", ".env", ".bashrc", ".bash_profile",
	".profile", ".zshrc", ".zshenv", ".ssh", ".config", ".github",
}

// Planted watches a folder for what a host program would act on.
type Planted struct {
	dir    string
	before map[string]identityOf
}

// identityOf tells one file from another that takes its place.
type identityOf struct {
	dev, ino uint64
	kind     os.FileMode
}

// Watch notes what is in dir now.
func Watch(dir string) *Planted {
	return &Planted{dir: dir, before: look(dir)}
}

func look(dir string) map[string]identityOf {
	found := map[string]identityOf{}
	for _, name := range actedOn {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		id := identityOf{kind: info.Mode().Type()}
		// A folder keeps its identity; a file may be written anew by any editor, so
		// only its kind counts.
		if st, ok := info.Sys().(*syscall.Stat_t); ok && info.IsDir() {
			id.dev, id.ino = uint64(st.Dev), st.Ino
		}
		found[name] = id
	}
	return found
}

// New are the names, relative to the folder, that were not there, or were
// something else, when Watch was called.
func (p *Planted) New() []string {
	var names []string
	now := look(p.dir)
	for _, name := range actedOn {
		id, ok := now[name]
		if ok && p.before[name] != id {
			names = append(names, name)
		}
	}
	return names
}
