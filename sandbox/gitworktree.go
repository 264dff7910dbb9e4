package sandbox

import (
	"errors"
	"fmt"
	"path"
)

// asWorktree checks that the folder is REPOSITORY/worktrees/NAME, that its gitdir
// is the project's .git and that its commondir is REPOSITORY, git-worktree(1).
func (o *opened) asWorktree(project *opened, owner uint32) (*GitFolder, error) {
	if path.Base(path.Dir(o.path)) != "worktrees" {
		return nil, errors.New("it lies in no worktrees folder")
	}
	if o.owner != owner {
		return nil, fmt.Errorf("it belongs to another user (%d)", o.owner)
	}
	common, err := openFolder(path.Dir(path.Dir(o.path)))
	if err != nil {
		return nil, fmt.Errorf("the repository that it lies in: %w", err)
	}
	defer common.close()
	text, err := o.read("commondir", maxLink, owner)
	if err != nil {
		return nil, err
	}
	if to, err := absolutePath(o.path, text); err != nil || to != common.path || !o.up("../..", common) {
		return nil, errors.New("its commondir is not the repository that it lies in")
	}
	if err := o.linksBack(project, owner); err != nil {
		return nil, err
	}
	if err := common.checkRepository(owner); err != nil {
		return nil, err
	}
	return &GitFolder{Path: common.path, ID: common.id, Own: o.path, OwnID: o.id}, nil
}

// linksBack checks that the gitdir of a work tree's folder is the .git in project.
func (o *opened) linksBack(project *opened, owner uint32) error {
	text, err := o.read("gitdir", maxLink, owner)
	if err != nil {
		return err
	}
	name, err := absolutePath(o.path, text)
	if err != nil {
		return err
	}
	if path.Base(name) == ".git" && project.isAt(path.Dir(name)) {
		return nil
	}
	return errors.New("it does not link back: its gitdir is not this folder's .git")
}

// isAt reports whether a path leads to the folder, without a symlink.
func (o *opened) isAt(name string) bool {
	other, err := openFolder(name)
	if err != nil {
		return false
	}
	defer other.close()
	return other.id == o.id
}
