package mounts

import (
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// Symlink is a symbolic link in a file system of the sandbox's own.
type Symlink struct {
	Link   string // the text of the link
	Target string // where the link is
	Origin string
}

// Where is the place of the link.
func (l Symlink) Where() string  { return l.Target }
func (l Symlink) origin() string { return l.Origin }
func (l Symlink) String() string { return fmt.Sprintf("make the symlink %s to %s", l.Target, l.Link) }

func (l Symlink) check() error {
	if err := checkPath(l.Link); err != nil {
		return err
	}
	return checkTarget(l.Target)
}

func (l Symlink) compile(t *tree) error {
	parent, err := t.follow(path.Dir(path.Clean(l.Target)))
	if err != nil {
		return err
	}
	link := path.Join(parent.path, path.Base(path.Clean(l.Target)))
	_, exists := t.shape.get(link)
	switch {
	case parent.cover != "":
		return fmt.Errorf("%s lies in %s, where nothing is made", link, parent.cover)
	case exists:
		return fmt.Errorf("%s exists", link)
	}
	parent = t.create(parent, false)
	t.p.Call(unix.SYS_SYMLINKAT, l.Link, parent.root, path.Join(parent.rel, path.Base(link)))
	t.shape.set(link, node{kind: ownLink, link: l.Link})
	return nil
}
