package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// GitFolder is the folder in which git keeps what belongs to a working tree that is
// a linked work tree or a submodule: gitrepository-layout(5).
type GitFolder struct {
	// Path is the folder that git needs, free of symlinks: the repository's own
	// folder for a work tree, the submodule's for a submodule.
	Path string
	ID   mounts.FileID

	// Own is what is this work tree's alone, Path/worktrees/NAME; for a submodule
	// it is Path.
	Own   string
	OwnID mounts.FileID
}

// GitError says that a working tree's git folder lies outside of it and is not
// shown in a sandbox, for it may be anything.
type GitError struct {
	Dir  string // the working tree
	Path string // the git folder; "" if that is not known
	Why  string
}

func (e *GitError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("the git folder of %s is not shown: %s", e.Dir, e.Why)
	}
	return fmt.Sprintf("the git folder %s is not shown: %s", e.Path, e.Why)
}

// OuterGit finds the folder outside of dir, a path free of symlinks, that git uses
// for dir: where a .git file of a linked work tree or of a submodule leads to. Both
// results are nil if there is none, or if it lies in dir. A .git file may be hostile
// and name any folder, so the folder has to link back to dir (gitdir of a work tree,
// core.worktree of a submodule), to look like a repository, to belong to the caller
// and to be no wider than one project; else the error is a *[GitError].
//
// Every folder is opened once (openat2(2), without symlinks), and everything is
// read relative to it. The IDs are those of what was looked at.
func OuterGit(dir string) (*GitFolder, error) { return outerGit(dir, uint32(os.Geteuid())) }

// maxLink bounds a file that names a path.
const maxLink = 8 << 10

func outerGit(dir string, owner uint32) (*GitFolder, error) {
	project, err := openFolder(dir)
	if err != nil {
		return nil, nil // what is to be shown finds that out
	}
	defer project.close()
	if project.has(".git", unix.S_IFLNK) {
		return nil, linkedGit(dir)
	}
	if !project.has(".git", unix.S_IFREG) {
		return nil, nil
	}
	target := "" // not known yet
	fail := func(err error) (*GitFolder, error) { return nil, &GitError{Dir: dir, Path: target, Why: err.Error()} }
	text, err := project.read(".git", maxLink, owner)
	if err != nil {
		return fail(err)
	}
	link, ok := strings.CutPrefix(text, "gitdir: ")
	if !ok {
		return fail(errors.New("the file .git does not name a folder"))
	}
	if target, err = absolutePath(dir, link); err != nil {
		return fail(err)
	}
	if isWithin(dir, target) {
		return nil, nil
	}
	folder, err := openFolder(target)
	if err != nil {
		return fail(err)
	}
	defer folder.close()
	var found *GitFolder
	if folder.has("commondir", unix.S_IFREG) {
		found, err = folder.asWorktree(project, owner)
	} else {
		found, err = folder.asSubmodule(project, owner)
	}
	if err != nil {
		return fail(err)
	}
	switch why := tooWide(found.Path); {
	case why != "":
		return fail(fmt.Errorf("%s is %s", found.Path, why))
	case isWithin(found.Path, dir):
		return fail(errors.New("it holds the current folder"))
	case isWithin(dir, found.Path):
		return fail(errors.New("a part of it lies in the current folder"))
	}
	return found, nil
}

// linkedGit is the error of a .git that is a symlink out of the folder; nil if it
// stays in it.
func linkedGit(dir string) error {
	real, err := filepath.EvalSymlinks(path.Join(dir, ".git"))
	if err != nil || isWithin(dir, real) {
		return nil
	}
	return &GitError{Dir: dir, Path: real, Why: "the .git that leads to it is a symlink"}
}

// absolutePath is the path that a file of git's in the folder at holds.
func absolutePath(at, text string) (string, error) {
	text = strings.TrimRight(text, "\r\n")
	if text == "" || len(text) >= unix.PathMax || strings.IndexByte(text, 0) >= 0 {
		return "", errors.New("what should name it is no path")
	}
	if path.IsAbs(text) {
		return path.Clean(text), nil
	}
	return path.Join(at, text), nil
}

// isWithin reports whether a path is a folder or lies in it. Both are free of symlinks.
func isWithin(dir, name string) bool {
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// checkRepository refuses what does not look like a repository of the owner's.
func (o *opened) checkRepository(owner uint32) error {
	switch {
	case o.owner != owner:
		return fmt.Errorf("%s belongs to another user (%d)", o.path, o.owner)
	case !o.has("HEAD", unix.S_IFREG) || !o.has("objects", unix.S_IFDIR) || !o.has("refs", unix.S_IFDIR):
		return fmt.Errorf("%s does not look like a repository", o.path)
	case o.has("commondir", unix.S_IFREG):
		return fmt.Errorf("%s is a part of another repository", o.path)
	}
	return nil
}
