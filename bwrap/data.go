package bwrap

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// copyData appends: all that can be read from a file descriptor that was given goes to the
// file that is open as dst; both are closed.
func (c *compiler) copyData(fd int) {
	const size = 1 << 16
	if c.buffer == nil {
		c.buffer = c.Buffer("data", size)
	}
	n, wrote, again, done := c.Var("n"), c.Var("wrote"), c.Label("copy"), c.Label("copied")
	rest, left, from := c.Label("write"), c.Var("left"), c.Var("from")
	c.Here(again)
	c.Call(unix.SYS_READ, fd, c.buffer.Addr(), size).To(n)
	c.If(n, ^uint64(0), 0, done)
	c.Add(left, n, 0)
	c.Add(from, c.buffer.Addr(), 0)
	c.Here(rest)
	c.Call(unix.SYS_WRITE, c.dst, from, left).To(wrote)
	c.If(wrote, ^uint64(0), left, again)
	// A partial write is the last before the file system is full: the next one says so.
	c.Add(from, from, wrote)
	c.Call(unix.SYS_WRITE, c.dst, from, 1).To(wrote)
	c.Fail(unix.ENOSPC)
	c.Here(done)
	c.Close(c.dst)
	c.Call(unix.SYS_CLOSE, fd)
}

// bindData appends: a file of the base, with what is read from a descriptor, is mounted at
// a path; nobody finds it elsewhere.
func (c *compiler) bindData(op *Op, rel string) {
	c.data++
	name := fmt.Sprintf("/bindfile%06d", c.data)
	c.say("Can't create tmpfile for %s", op.Dest)
	c.Call(unix.SYS_OPENAT, unix.AT_FDCWD, name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_CLOEXEC, 0o600).To(c.dst)
	c.say("Can't set mode %s on file to be used for %s", modeText(op.Perms), op.Dest)
	c.Call(unix.SYS_FCHMOD, c.dst, op.Perms)
	c.say("Can't write data to file %s", op.Dest)
	c.copyData(op.FD)
	c.say("Can't create file at %s", op.Dest)
	c.makeFile(rel, 0o444)
	attr := attrBind
	if op.Kind == ROBindData {
		attr = attrReadOnly
	}
	what := "Can't bind mount " + name + " on " + shown(op.Dest)
	c.say("%s: Unable to mount source on destination", what)
	c.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, name, cloneNamed).To(c.mnt)
	c.attributes(attr, what)
	c.attach(rel, false)
	c.Call(unix.SYS_UNLINKAT, unix.AT_FDCWD, name, 0)
}

// symlink appends a symlink. One that is there already, with the same target, will do.
func (c *compiler) symlink(op *Op, rel string) {
	c.say("Can't make symlink at %s", op.Dest)
	at, name := c.within(rel)
	there, done, other, none := c.Label("symlink_there"), c.Label("symlink_done"), c.Label("another_target"), c.Label("no_symlink")
	c.Call(unix.SYS_SYMLINKAT, op.Source, at, name).On(unix.EEXIST, there)
	c.leave(at)
	c.Jump(done)
	c.Here(there)
	c.say("Can't make symlink at %s: destination exists, and cannot read symlink target", op.Dest)
	target, n := c.Buffer("target", unix.PathMax), c.Var("n")
	c.Call(unix.SYS_READLINKAT, at, name, target.Addr(), unix.PathMax).To(n).On(unix.EINVAL, none)
	c.leave(at)
	c.ifSame(target, n, op.Source, done, other)
	c.Here(none)
	c.Die("Can't make symlink at " + op.Dest + ": destination exists and is not a symlink")
	c.Here(other)
	c.message(2, "Can't make symlink at "+op.Dest+": existing destination is ")
	c.Call(unix.SYS_WRITE, 2, target.Addr(), n).OnAny(nil)
	c.Call(unix.SYS_WRITE, 2, "\n", 1).OnAny(nil)
	c.Call(unix.SYS_EXIT_GROUP, exitFailure)
	c.Here(done)
	if at == c.root {
		delete(c.own, rel)
		c.taken[rel] = true
		c.holds[above(rel)] = true
	} else {
		c.blind = true
	}
}

// ifSame appends: go on at same if the n bytes in a buffer are a text, else at other.
func (c *compiler) ifSame(buf, n *launch.Var, text string, same, other *launch.Label) {
	next := c.Label("same_length")
	c.If(n, ^uint64(0), len(text), next)
	c.Jump(other)
	for at := 0; at < len(text); at += 8 {
		c.Here(next)
		word, mask := make([]byte, 8), make([]byte, 8)
		copy(mask, bytes.Repeat([]byte{0xff}, copy(word, text[at:])))
		next = c.Label("same_so_far")
		c.If(buf.At(at), binary.LittleEndian.Uint64(mask), binary.LittleEndian.Uint64(word), next)
		c.Jump(other)
	}
	c.Here(next)
	c.Jump(same)
}

// message appends: write the beginning of a message.
func (c *compiler) message(fd int, text string) {
	text = c.prefix + text
	c.Call(unix.SYS_WRITE, fd, text, len(text)).OnAny(nil)
}
