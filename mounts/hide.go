package mounts

import (
	"golang.org/x/sys/unix"
)

// Hide lays an empty, read-only file or folder over a path, whichever it is.
type Hide struct {
	Target string
	Origin string
}

// Where is the path that is hidden.
func (h Hide) Where() string  { return h.Target }
func (h Hide) origin() string { return h.Origin }
func (h Hide) String() string { return "hide " + h.Target }
func (h Hide) check() error   { return checkTarget(h.Target) }

func (h Hide) compile(t *tree) error {
	at, err := t.resolve(h.Target)
	if err != nil {
		return err
	}
	file, err := t.isFile(at)
	if err != nil {
		return err
	}
	t.makeEmpty()
	t.pin(at)
	t.open(at)
	source := "/empty"
	if file {
		source = "/nothing"
	}
	t.p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, source, cloneNamed).To(t.tree)
	t.setAttributes(attributes{readOnly: true, noExec: true})
	t.move()
	t.mounted(at.path, node{kind: foreign, file: file})
	return nil
}

// makeEmpty makes, once, the empty folder and file that are laid over what is hidden.
func (t *tree) makeEmpty() {
	if t.empty {
		return
	}
	t.empty = true
	t.p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, "/empty", 0o555)
	t.p.Call(unix.SYS_MKNODAT, unix.AT_FDCWD, "/nothing", unix.S_IFREG|0o444, 0)
}
