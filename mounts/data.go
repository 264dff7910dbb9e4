package mounts

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Data is a file, in a [Loose] tree, with what is read from a file descriptor of the caller's
// while the tree is made; it is closed then. The file is made, or written anew; or, Mounted,
// it is a mount of its own, of a file that nobody finds elsewhere.
type Data struct {
	Target   string
	FD       int
	Mode     uint32 // permission bits of a new file, and of one that is Mounted
	Mounted  bool
	ReadOnly bool // the mount is read-only
	Origin   string
}

// Where is the file.
func (d Data) Where() string  { return d.Target }
func (d Data) origin() string { return d.Origin }
func (d Data) String() string {
	return fmt.Sprintf("write the file %s from file descriptor %d", d.Target, d.FD)
}
func (d Data) check() error { return checkTarget(d.Target) }

func (d Data) compile(t *tree) error {
	if err := t.loosely(); err != nil {
		return err
	}
	if d.Mounted {
		d.mount(t)
		return nil
	}
	at := t.find(d.Target, true)
	if at.named && at.missing > 0 {
		t.createParents(at)
		t.shape.set(at.path, node{kind: ownFile})
	} else if !at.named {
		t.isBlind(at)
		t.parents(d.Target, at)
	}
	t.doing(StagePoint, "", "")
	t.openMaking(relative(d.Target), at, "O_CREAT|O_WRONLY|O_TRUNC", unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC, d.Mode&0o7777, t.dst)
	d.write(t, t.dst)
	return nil
}

// mount lays a file of the base over the target.
func (d Data) mount(t *tree) {
	p := t.p
	t.loose.files++
	name := fmt.Sprintf("/bindfile%06d", t.loose.files)
	t.doing(StageTemporary, "", "")
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_CLOEXEC, 0o600).To(t.src)
	t.doing(StageMode, "", "")
	p.Call(unix.SYS_FCHMOD, t.src, d.Mode)
	d.write(t, t.src)
	t.loose.detail = name
	at := t.prepareLoose(d.Target, true)
	t.doing(StageMount, name, "")
	p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, name, cloneNamed).To(t.tree)
	t.doing(StageAttributes, name, "")
	t.setAttributes(attributes{readOnly: d.ReadOnly})
	t.doing(StageMount, name, "")
	t.moveTo(at)
	p.Close(t.tree)
	p.Call(unix.SYS_UNLINKAT, unix.AT_FDCWD, name, 0)
	t.mounted(at.path, node{kind: foreign, file: true})
}

// write copies all that can be read to the file that is open as to. Both are closed.
func (d Data) write(t *tree, to *launch.Var) {
	const size = 1 << 16
	p := t.p
	if t.loose.buffer == nil {
		t.loose.buffer = p.Buffer("data", size)
	}
	t.doing(StageWrite, "", "")
	n, wrote, again, done := p.Var("n"), p.Var("wrote"), p.Label("copy"), p.Label("copied")
	rest, from := p.Label("write"), p.Var("from")
	p.Here(again)
	p.Call(unix.SYS_READ, d.FD, t.loose.buffer.Addr(), size).To(n)
	p.If(n, ^uint64(0), 0, done)
	p.Add(from, t.loose.buffer.Addr(), 0)
	p.Here(rest)
	p.Call(unix.SYS_WRITE, to, from, n).To(wrote)
	p.If(wrote, ^uint64(0), n, again)
	// A partial write is the last before the file system is full: the next one says so.
	p.Add(from, from, wrote)
	p.Call(unix.SYS_WRITE, to, from, 1).To(wrote)
	p.Fail(unix.ENOSPC)
	p.Here(done)
	p.Close(to)
	p.Call(unix.SYS_CLOSE, d.FD)
}
