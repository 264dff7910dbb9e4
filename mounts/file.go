package mounts

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// File is a file with contents of its own. In a file system of the sandbox's own
// it is made there, or written anew if it exists. Where a file of the host is, a
// private copy of the contents lies over it: read-only where the host's file is,
// else writable, but what is written is gone with the sandbox. The contents are
// part of the compiled image.
type File struct {
	Target  string
	Content string // at most MaxFile bytes
	Mode    uint32 // permission bits; 0: 0644
	Try     bool   // where it cannot be, as there is no such file of the host, is no error
	Origin  string
}

// MaxFile bounds the contents of one [File], in bytes, and maxFiles those of all
// that are in a tree.
const (
	MaxFile  = 16 << 20
	maxFiles = 64 << 20
)

// Where is the file.
func (f File) Where() string  { return f.Target }
func (f File) origin() string { return f.Origin }
func (f File) String() string { return "write the file " + f.Target }

func (f File) check() error {
	switch {
	case f.Mode&^0o777 != 0:
		return fmt.Errorf("mode %#o: only permission bits can be set", f.Mode)
	case len(f.Content) > MaxFile:
		return fmt.Errorf("the contents have more than %d MiB", MaxFile>>20)
	}
	return checkTarget(f.Target)
}

func (f File) mode() uint32 {
	if f.Mode == 0 {
		return 0o644
	}
	return f.Mode
}

func (f File) compile(t *tree) error {
	if t.contents += len(f.Content); t.contents > maxFiles {
		return fmt.Errorf("the contents of all files together have more than %d MiB", maxFiles>>20)
	}
	at, err := t.resolve(f.Target)
	if f.Try && (err != nil || at.cover != "" && !t.takesFile(at)) {
		return nil
	}
	switch {
	case err != nil:
		return err
	case at.cover != "":
		return f.cover(t)
	case at.exists && at.node.kind != ownFile:
		return mismatch(at.path, true)
	}
	at = t.create(at, true)
	t.p.Call(unix.SYS_OPENAT2, at.root, at.rel, rewrite, sizeofHow).To(t.dst).Retry()
	f.write(t, t.dst)
	t.p.Close(t.dst)
	t.p.Call(unix.SYS_FCHMODAT, at.root, at.rel, f.mode())
	return nil
}

// cover lays the file over one in a mount.
func (f File) cover(t *tree) error {
	at, err := t.prepare(f.Target, true)
	if err != nil {
		return err
	}
	if err := t.checkForeign(at, true); err != nil {
		return err
	}
	t.folders++
	name := "/f" + strconv.Itoa(t.folders)
	t.p.Call(unix.SYS_MKNODAT, unix.AT_FDCWD, name, unix.S_IFREG|f.mode(), 0)
	t.p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, name, unix.O_WRONLY|unix.O_CLOEXEC).To(t.src)
	f.write(t, t.src)
	t.p.Close(t.src)
	t.p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, name, cloneNamed).To(t.tree)
	t.setAttributes(attributes{readOnly: !at.mount.writable})
	t.move()
	t.mounted(at.path, node{kind: foreign, file: true, writable: at.mount.writable})
	return nil
}

// takesFile reports whether a file can lie over what is at a place in a mount.
func (t *tree) takesFile(at place) bool {
	k, err := t.kind(at)
	return err == nil && k == file && t.checkForeign(at, true) == nil
}

// write writes the contents. A part only is written where the file system is full.
func (f File) write(t *tree, fd *launch.Var) {
	size := len(f.Content)
	if size == 0 {
		return
	}
	contents := launch.Struct(strconv.Itoa(size)+" bytes", []byte(f.Content))
	written, whole := t.p.Var("written"), t.p.Label("whole "+f.Target)
	t.p.Call(unix.SYS_WRITE, fd, contents, size).To(written)
	t.p.If(written, ^uint64(0), size, whole)
	t.p.Fail(unix.ENOSPC)
	t.p.Here(whole)
}

var rewrite = how("O_WRONLY|O_TRUNC RESOLVE_IN_ROOT|RESOLVE_NO_SYMLINKS",
	unix.O_WRONLY|unix.O_TRUNC|unix.O_CLOEXEC, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_SYMLINKS)
