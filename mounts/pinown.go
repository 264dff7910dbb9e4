package mounts

import (
	"fmt"
	"path"
	"strings"
)

// pinOwn makes a mount point of every folder that leads to a path in a file system of
// our own that the command may write to, as pin does in those of the host. What is made
// below such a folder later is found through its own fd. It fails where something is
// mounted below a folder already: that would be covered.
func (t *tree) pinOwn(p string) error {
	dir := "/"
	for _, name := range split(path.Dir(p)) {
		dir = path.Join(dir, name)
		b := t.shape.find(dir)
		if b == nil || !b.known || b.kind != ownFolder || b.fd != nil {
			continue
		}
		at, err := t.shape.resolve(dir)
		switch {
		case err != nil:
			return err
		case at.root == t.shape.top: // it is read-only in the end
			continue
		case b.mounts():
			return advise(fmt.Errorf("something is mounted below %s already, which could be renamed then", dir), "hide it before, or hide all of %s", dir)
		}
		t.open(at)
		t.cloneSelf()
		b.fd = t.moveOwn(at)
	}
	return nil
}

// mounts reports whether something is mounted below.
func (b *branch) mounts() bool {
	for _, next := range b.below {
		if next.known && (next.kind == foreign || next.fd != nil) || next.mounts() {
			return true
		}
	}
	return false
}

// pinForHidden pins the folders that lead to what later entries hide, as soon as
// there is one, and nothing is mounted below it.
func (t *tree) pinForHidden(made string) {
	for _, p := range t.hides {
		if strings.HasPrefix(p, made+"/") {
			t.pinOwn(p) // else the entry says why not
		}
	}
}
