package bwrap

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// inRoot is a struct open_how, openat2(2): symlinks lead nowhere out of the new root.
func inRoot(name string, flags, mode uint64) launch.Arg {
	b := binary.LittleEndian.AppendUint64(nil, flags|unix.O_CLOEXEC)
	b = binary.LittleEndian.AppendUint64(b, mode)
	b = binary.LittleEndian.AppendUint64(b, unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
	return launch.Struct(name+" RESOLVE_IN_ROOT", b)
}

const sizeofHow = 24

var (
	anything = inRoot("O_PATH", unix.O_PATH, 0)
	folder   = inRoot("O_PATH|O_DIRECTORY", unix.O_PATH|unix.O_DIRECTORY, 0)
)

// open appends: open a path below the new root.
func (c *compiler) open(rel string, how launch.Arg, to *launch.Var) *launch.Step {
	return c.Call(unix.SYS_OPENAT2, c.root, rel, how, sizeofHow).To(to).Retry()
}

// parents appends: the folders above a destination are there, those that were missing with
// these mode bits.
func (c *compiler) parents(dest string, mode int) {
	rel := below(dest)
	dir, found := above(rel), c.Label("parents")
	if strings.HasSuffix(rel, "/") { // the last name, too, is one of a folder above nothing
		dir = strings.TrimRight(rel, "/")
	}
	if dir == "." || c.isOwn(dir) {
		return
	}
	c.say("Can't mkdir parents for %s", dest)
	if !c.nearOwn(dir) {
		missing := c.Label("missing")
		c.open(dir, folder, c.dir).On(unix.ENOENT, missing)
		c.Close(c.dir)
		c.Jump(found)
		c.Here(missing)
	}
	for i := range len(dir) + 1 {
		if i == len(dir) || dir[i] == '/' && i > 0 && dir[i-1] != '/' {
			c.makeFolder(dir[:i], mode)
		}
	}
	c.Here(found)
}

// nearOwn reports whether the first missing folder of a path is in one of the sandbox's own.
func (c *compiler) nearOwn(dir string) bool {
	for up := dir; up != "."; up = above(up) {
		if c.isOwn(up) {
			return true
		}
	}
	return c.isOwn(".")
}

// makeFolder appends: there is a folder at a path, made with these mode bits if there was
// nothing. A symlink to nothing is passed over, as whatever needs it will fail.
func (c *compiler) makeFolder(rel string, mode int) {
	if c.isOwn(rel) || rel == "." {
		return
	}
	there, done := c.Label("there"), c.Label("is_folder")
	at, name := c.within(rel)
	c.Call(unix.SYS_MKDIRAT, at, name, mode).On(unix.EEXIST, there)
	c.leave(at)
	c.Jump(done)
	c.Here(there)
	c.leave(at)
	c.open(rel, folder, c.dst).On(unix.ENOENT, done)
	c.Close(c.dst)
	c.Here(done)
	c.madeOwn(rel)
}

// within opens, unless it is known, the folder that the last name of a path is in.
func (c *compiler) within(rel string) (at *launch.Var, name string) {
	rel = strings.TrimRight(rel, "/")
	dir := above(rel)
	if c.isOwn(dir) {
		return c.root, rel
	}
	c.open(dir, folder, c.dir)
	return c.dir, rel[strings.LastIndexByte(rel, '/')+1:]
}

// above is a path without its last name, "." if it has no other. Nothing is made shorter:
// "a/.." is another folder than "." if a is a symlink, and none if there is no a.
func above(rel string) string {
	rel = strings.TrimRight(rel, "/")
	if i := strings.LastIndexByte(rel, '/'); i > 0 {
		return strings.TrimRight(rel[:i], "/")
	}
	return "."
}

// leave closes what within opened.
func (c *compiler) leave(at *launch.Var) {
	if at == c.dir {
		c.Close(c.dir)
	}
}

// makeFile appends: there is something at a path that is no folder, an empty file if there
// was nothing.
func (c *compiler) makeFile(rel string, mode int) {
	there, missing, done := c.Label("there"), c.Label("missing"), c.Label("is_file")
	if at, name := c.within(rel); at == c.root {
		c.Call(unix.SYS_MKNODAT, at, name, unix.S_IFREG|mode, 0).On(unix.EEXIST, there)
		c.Jump(done)
	} else {
		c.leave(at)
	}
	c.Here(there)
	c.open(rel, folder, c.dst).On(unix.ENOTDIR, done).On(unix.ENOENT, missing)
	c.Fail(unix.EISDIR)
	c.Here(missing)
	c.open(rel, inRoot("O_CREAT|O_WRONLY", unix.O_CREAT|unix.O_WRONLY, uint64(mode)), c.dst)
	c.Close(c.dst)
	c.Here(done)
}
