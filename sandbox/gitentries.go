package sandbox

import (
	"errors"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// Entries show the folder in a sandbox at its own path: writable, so that git works
// there, but for what git on the host would run or obey, and for what belongs to
// other work trees of the repository. A *[SymlinkError] if that cannot be protected.
func (g *GitFolder) Entries() ([]mounts.Entry, error) {
	protected, err := protectFolder(g.Path)
	if err != nil {
		return nil, err
	}
	entries := append([]mounts.Entry{mounts.Bind{Source: g.Path, Target: g.Path, Writable: true, Is: g.ID}}, protected...)
	if g.Own == g.Path {
		return entries, nil
	}
	// Over the worktrees folder, which is read-only.
	entries = append(entries, mounts.Bind{Source: g.Own, Target: g.Own, Writable: true, Is: g.OwnID})
	if protected, err = protectFolder(g.Own); err != nil {
		return nil, err
	}
	for _, name := range []string{"gitdir", "commondir"} {
		protected = append(protected, mounts.ReadOnly{Target: path.Join(g.Own, name)})
	}
	return append(entries, protected...), nil
}

// showGit are the entries of the git folder outside of dir; or why it is not shown.
func showGit(dir string, as *Credential) ([]mounts.Entry, *GitError) {
	owner := uint32(os.Geteuid())
	if as != nil {
		owner = as.UID
	}
	var refused *GitError
	g, err := outerGit(dir, owner)
	if errors.As(err, &refused) {
		return nil, refused
	}
	if g == nil {
		return nil, nil
	}
	entries, err := g.Entries()
	if err != nil {
		return nil, &GitError{Dir: dir, Path: g.Path, Why: err.Error()}
	}
	return entries, nil
}

// obeyedOutside are names in a git folder outside of the project that are watched.
var obeyedOutside = []string{"HEAD", "hooks", "config", "config.worktree", "commondir", "gitdir", "info/attributes", "modules", "rebase-merge"}

// watchedOutside are the paths that are watched for a project besides its own names.
func watchedOutside(dir string) (names []string) {
	var st unix.Stat_t
	if err := unix.Lstat(path.Join(dir, ".git"), &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil
	}
	g, err := outerGit(real, st.Uid) // the caller's, or whoever the sandbox is outside
	if g == nil || err != nil {
		return nil
	}
	for _, folder := range []string{g.Path, g.Own} {
		for _, name := range obeyedOutside {
			names = append(names, path.Join(folder, name))
		}
		if g.Own == g.Path {
			break
		}
	}
	return names
}
