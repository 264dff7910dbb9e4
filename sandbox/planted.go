package sandbox

import (
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// actedOn are names in a project folder that programs on the host act on without
// being asked: version control, shells, editors, language tools.
var actedOn = []string{
	".git", ".git/HEAD", ".git/hooks", ".git/config", ".git/commondir", ".git/config.worktree", ".git/info/attributes", ".git/modules", ".git/rebase-merge", ".gitmodules", ".gitattributes",
	".hg", ".svn", ".envrc", ".direnv", ".vscode", ".idea", ".vimrc", ".nvimrc", ".exrc", ".nvim.lua", ".dir-locals.el",
	".editorconfig", ".husky", ".devcontainer", ".mise.toml", "mise.toml", ".tool-versions", ".nvmrc", ".npmrc",
	".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pre-commit-config.yaml", ".pypirc", ".python-version", ".cargo",
	".bazelrc", ".gdbinit", ".lldbinit", ".claude", ".cursor", ".mcp.json", ".env", ".bashrc", ".bash_profile",
	".profile", ".zshrc", ".zshenv", ".ssh", ".config", ".github",
	"HEAD", "config", "objects", "refs", "hooks", // together, a bare repository
}

// changing are those of them that are written again as a matter of course: only
// that they come or go counts.
func isChanging(name string) bool {
	return name == ".git/HEAD" || path.IsAbs(name) && path.Base(name) == "HEAD"
}

// Planted watches a folder for what a host program would act on.
type Planted struct {
	dir     string
	outside []string // paths that are watched besides: of a git folder elsewhere
	before  map[string]identityOf
	touched map[string]unix.Timespec // ctimes: if they stay, nothing has changed
	linked  bool                     // unless a folder is reached through a symlink
}

// identityOf tells a file from another that takes its place, and a file from
// itself when it has been changed. A folder is itself whatever happens in it.
type identityOf struct {
	dev, ino uint64
	kind     uint32
	changed  unix.Timespec // of a file: its ctime, which cannot be set
}

// Watch notes what is in dir now, and in the git folder outside of it that belongs
// to it ([OuterGit]).
func Watch(dir string) *Planted {
	p := &Planted{dir: dir, outside: watchedOutside(dir), touched: map[string]unix.Timespec{}}
	p.before = p.inspect(true)
	return p
}

// names are what is looked at: relative to the folder, or absolute.
func (p *Planted) names() []string {
	return slices.Concat(actedOn, p.outside, nested(p.dir), p.submodules())
}

// inspect finds what a host program would act on. What has to change for that to
// change is noted in p.touched, if that is wanted: the files, and every folder in
// which one may be made.
func (p *Planted) inspect(note bool) map[string]identityOf {
	found := map[string]identityOf{}
	fd, err := unix.Open(p.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return found
	}
	defer unix.Close(fd)
	names := p.names()
	if note {
		for _, name := range names {
			p.touch(fd, path.Dir(name))
		}
	}
	for _, name := range names {
		var st unix.Stat_t
		if unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
			continue
		}
		id := identityOf{dev: uint64(st.Dev), ino: st.Ino, kind: st.Mode & unix.S_IFMT}
		switch {
		case isChanging(name):
			id = identityOf{kind: id.kind}
		case id.kind != unix.S_IFDIR:
			id.changed = st.Ctim
			if note {
				p.touched[name] = st.Ctim
			}
		}
		found[name] = id
	}
	return found
}

// touch notes the ctime of a folder, once.
func (p *Planted) touch(fd int, name string) {
	if _, ok := p.touched[name]; ok {
		return
	}
	var st unix.Stat_t
	if unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
		p.touched[name] = st.Ctim
		p.linked = p.linked || st.Mode&unix.S_IFMT == unix.S_IFLNK
	}
}

// maxNested bounds how many folders are looked into for a repository.
const maxNested = 1000

// nested are the names of repositories in the folders of dir: as a submodule, git
// looks into one, and obeys its settings, when it is used in dir itself.
func nested(dir string) (names []string) {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	list, _ := f.ReadDir(maxNested)
	for _, e := range list {
		if e.IsDir() && e.Name() != ".git" {
			names = append(names, e.Name()+"/.git", e.Name()+"/.git/config", e.Name()+"/.git/commondir")
		}
	}
	return names
}

// Changes are the names, relative to the folder (of a git folder outside: absolute),
// that were not there, were something else, or were files with other contents, when
// Watch was called; and those of git's own that are gone, which makes git look for a
// repository elsewhere. Of what is in a new folder of submodules nothing is said.
func (p *Planted) Changes() []string {
	var names []string
	now := p.inspect(false)
	for _, name := range p.names() {
		id, ok := now[name]
		was, before := p.before[name]
		if strings.Contains(name, "/modules/") && slices.ContainsFunc(names, func(said string) bool { return strings.HasPrefix(name, said+"/") }) {
			continue
		}
		if ok && was != id || before && !ok && isChanging(name) {
			names = append(names, name)
		}
	}
	return names
}
