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
	if t.loose != nil {
		l.compileLoose(t)
		return nil
	}
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

// compileLoose is compile in a loose tree: a symlink with the same text that is there
// already will do.
func (l Symlink) compileLoose(t *tree) {
	p := t.p
	at := t.find(l.Target, true)
	if at.named && at.missing > 0 {
		t.createParents(at)
		t.doing(StagePoint, "", "")
		p.Call(unix.SYS_SYMLINKAT, l.Link, at.root, at.rel)
		t.shape.set(at.path, node{kind: ownLink, link: l.Link})
		return
	}
	t.loose.blind = true
	at = place{}
	t.parents(l.Target, at)
	t.doing(StagePoint, "", "")
	name := t.within(relative(l.Target), at)
	there, done, other, none := p.Label("symlink_there"), p.Label("symlink_done"), p.Label("another_target"), p.Label("no_symlink")
	p.Call(unix.SYS_SYMLINKAT, l.Link, t.loose.dir, name).On(unix.EEXIST, there)
	p.Close(t.loose.dir)
	p.Jump(done)
	p.Here(there)
	t.doing(StageThere, "", "")
	text, n := p.Buffer("symlink", maxPath+1), p.Var("n")
	p.Call(unix.SYS_READLINKAT, t.loose.dir, name, text.Addr(), maxPath+1).To(n).On(unix.EINVAL, none)
	p.Close(t.loose.dir)
	p.IfText(text, n, l.Link, done, other)
	p.Here(none)
	p.Die(t.loose.words(StageNoLink, ""))
	p.Here(other)
	p.DieWith(t.loose.words(StageOther, ""), text, n)
	p.Here(done)
}
