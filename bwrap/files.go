package bwrap

import (
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// files are the entries of the file tree.
func (c *compiler) files() (list []mounts.Entry) {
	for i := range c.o.Ops {
		if e := c.entry(&c.o.Ops[i]); e != nil {
			list = append(list, e)
		}
	}
	return list
}

func (c *compiler) entry(op *Op) mounts.Entry {
	to, mode := op.Dest, uint32(op.Perms)
	switch op.Kind {
	case Bind, ROBind, DevBind:
		b := mounts.Bind{Source: op.Source, Target: to, Writable: op.Kind != ROBind, Devices: op.Kind == DevBind, Try: op.Try}
		if op.FD >= 0 {
			b.Is, _ = mounts.FileIDOf(op.FD) // if it is not open, the source is not there
			b.Done = &op.FD
		}
		return b
	case Overlay, TmpOverlay, ROOverlay:
		return mounts.Overlay{Lower: op.Layers, Upper: op.Source, Work: op.Work, Target: to, ReadOnly: op.Kind == ROOverlay}
	case RemountRO:
		return mounts.Remount{Target: to}
	case Proc:
		return mounts.Proc{Target: to, Host: !c.o.UnsharePID && c.o.PIDNS == -1}
	case Dev:
		return mounts.Dev{Target: to, Console: c.h.TTY}
	case Tmpfs:
		return mounts.Tmpfs{Target: to, Mode: mode, Size: op.Size}
	case Mqueue:
		return mounts.Mqueue{Target: to}
	case Dir:
		return mounts.Dir{Target: to, Mode: mode}
	case File, BindData, ROBindData:
		return mounts.Data{Target: to, FD: op.FD, Mode: mode, Mounted: op.Kind != File, ReadOnly: op.Kind == ROBindData}
	case Symlink:
		return mounts.Symlink{Link: op.Source, Target: to}
	case Chmod:
		return mounts.Chmod{Target: to, Mode: mode}
	}
	return nil // of the host name
}

// buildTree appends the file tree. The umask of the caller is the command's again, later.
func (c *compiler) buildTree() error {
	c.umask = c.Var("umask")
	c.Call(unix.SYS_UMASK, 0).To(c.umask)
	err := mounts.CompileLoose(c.Program, c.files(), mounts.Loose{Words: words, AnyAttributes: c.o.NotABoundary})
	if missing := (*fs.PathError)(nil); errors.As(err, &missing) {
		return fail("Can't find source path %s: %s", missing.Path, strerror(missing.Err))
	}
	return err
}

// setHostname appends the setting of the host name, the last that was given.
func (c *compiler) setHostname() {
	named := func(op Op) bool { return op.Kind == Hostname }
	for i, op := range slices.Backward(c.o.Ops) {
		if named(op) {
			c.say("Can't set hostname to %s", c.o.Ops[i].Dest)
			c.Call(unix.SYS_SETHOSTNAME, op.Dest, len(op.Dest))
			return
		}
	}
}
