package bwrap

import (
	"path"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// bind appends a bind mount of a source with all that is mounted below it.
func (c *compiler) bind(op *Op, src source, rel string) {
	if src.folder {
		c.say("Can't mkdir %s", op.Dest)
		c.makeFolder(rel, 0o755)
	} else {
		c.say("Can't create file at %s", op.Dest)
		c.makeFile(rel, 0o444)
	}
	attr := attrBind
	switch op.Kind {
	case ROBind:
		attr = attrReadOnly
	case DevBind:
		attr = attrDevices
	}
	from := path.Join(oldRoot, src.path)
	c.say("Can't bind mount %s on %s: Unable to mount source on destination", from, shown(op.Dest))
	c.Call(unix.SYS_OPENAT2, unix.AT_FDCWD, from, noLinks, sizeofHow).To(c.src).Retry()
	if op.FD >= 0 {
		c.same(op.FD)
		c.say("Can't bind mount %s on %s: Unable to mount source on destination", from, shown(op.Dest))
	}
	c.Call(unix.SYS_OPEN_TREE, c.src, "", cloneTree).To(c.mnt)
	c.Close(c.src)
	c.attributes(attr, "Can't bind mount "+from+" on "+shown(op.Dest))
	c.say("Can't bind mount %s on %s: Unable to mount source on destination", from, shown(op.Dest))
	c.attach(rel, false)
}

// attributes appends: the mount at hand, and those below it, get attributes.
func (c *compiler) attributes(attr launch.Arg, what string) {
	c.say("%s: Unable to remount destination with correct flags", what)
	s := c.Call(unix.SYS_MOUNT_SETATTR, c.mnt, "", setRecursive, attr, sizeofAttr)
	if c.o.NotABoundary {
		s.OnAny(nil)
	}
}

// attach appends: the mount at hand is mounted at a path, where there is a folder or a file.
func (c *compiler) attach(rel string, fresh bool) {
	known := c.isOwn(rel) || c.isOwn(above(rel)) && !c.taken[rel] && rel != "."
	if known {
		c.Call(unix.SYS_MOVE_MOUNT, c.mnt, "", c.root, rel, moveNamed)
	} else {
		c.open(rel, anything, c.dst)
		c.Call(unix.SYS_MOVE_MOUNT, c.mnt, "", c.dst, "", moveHere)
		c.Close(c.dst)
	}
	c.Close(c.mnt)
	c.covered(rel, fresh)
	if path.Clean(rel) == "." { // what is mounted over the root is the root
		c.Close(c.root)
		c.openRoot()
	}
}

// same appends: fail unless the source at hand is the file that a descriptor is open for,
// and close that.
func (c *compiler) same(fd int) {
	a, b, same := c.Buffer("stat_fd", 256), c.Buffer("stat_source", 256), c.Label("same")
	c.say("Can't stat fd %d", fd)
	c.Call(unix.SYS_STATX, fd, "", unix.AT_EMPTY_PATH, unix.STATX_INO, a.Addr())
	c.say("Can't stat mount at the source")
	c.Call(unix.SYS_STATX, c.src, "", unix.AT_EMPTY_PATH, unix.STATX_INO, b.Addr())
	other := c.Label("another")
	const inode, device = 32, 136
	next := c.Label("same_inode")
	c.If(a.At(inode), ^uint64(0), b.At(inode), next)
	c.Jump(other)
	c.Here(next)
	c.If(a.At(device), ^uint64(0), b.At(device), same)
	c.Here(other)
	c.say("Race condition binding dirfd")
	c.Fail(unix.ESTALE)
	c.Here(same)
	c.Call(unix.SYS_CLOSE, fd)
}

// remount appends: a mount, but none below it, is read-only.
func (c *compiler) remount(op *Op, rel string) {
	what := "Can't remount readonly on " + shown(op.Dest)
	c.say("%s: realpath(destination)", what)
	c.open(rel, anything, c.dst)
	c.say("%s: Unable to remount destination with correct flags", what)
	none, done := c.Label("no_mount"), c.Label("remounted")
	c.Call(unix.SYS_MOUNT_SETATTR, c.dst, "", unix.AT_EMPTY_PATH, attrReadOnly, sizeofAttr).On(unix.EINVAL, none)
	c.Close(c.dst)
	c.Jump(done)
	c.Here(none)
	c.Die(what + ": Unable to find \"" + path.Join(newRoot, op.Dest) + "\" in mount table")
	c.Here(done)
}
