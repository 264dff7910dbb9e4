package bwrap

import (
	"fmt"
	"path"
	"strconv"

	"golang.org/x/sys/unix"
)

// op appends one operation.
func (c *compiler) op(i int, op *Op) error {
	if op.Kind == Hostname {
		c.say("Can't set hostname to %s", op.Dest)
		c.Call(unix.SYS_SETHOSTNAME, op.Dest, len(op.Dest))
		return nil
	}
	rel := below(op.Dest)
	if path.Clean(rel) != rel {
		c.blind = true
	}
	if op.Kind == Chmod {
		c.say("Can't chmod %s %s", modeText(op.Perms), op.Dest)
		c.open(rel, anything, c.dst)
		c.chmod(rel, op.Perms)
		return nil
	}
	src, found := c.sources[op.Source]
	binds := op.Kind == Bind || op.Kind == ROBind || op.Kind == DevBind
	if binds && !found {
		return nil // it was no error that it is missing
	}
	c.parents(op.Dest, parentMode(op.Perms))
	switch op.Kind {
	case Bind, ROBind, DevBind:
		c.bind(op, src, rel)
	case Overlay, TmpOverlay, ROOverlay:
		c.overlay(op, rel)
	case RemountRO:
		c.remount(op, rel)
	case Proc:
		c.procFS(op, rel)
	case Dev:
		c.dev(op, rel)
	case Tmpfs:
		c.mountPoint(op)
		c.tmpfs(op.Perms, op.Size)
		c.attach(rel, true)
	case Mqueue:
		c.mountPoint(op)
		c.say("Can't mount mqueue on %s", shown(op.Dest))
		c.fresh("mqueue", 0)
		c.attach(rel, false)
	case Dir:
		c.say("Can't mkdir %s", op.Dest)
		c.makeFolder(rel, op.Perms)
	case File:
		c.say("Can't create file %s", op.Dest)
		c.open(rel, inRoot("O_CREAT|O_WRONLY|O_TRUNC", unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC, uint64(op.Perms&0o7777)), c.dst)
		c.say("Can't write data to file %s", op.Dest)
		c.copyData(op.FD)
	case BindData, ROBindData:
		c.bindData(op, rel)
	case Symlink:
		c.symlink(op, rel)
	default:
		return fmt.Errorf("BUG: bwrap: an operation of kind %d", op.Kind)
	}
	return nil
}

// parentMode are the mode bits of folders that are made above something: closed to a group
// or to others to whom that is closed. What has no mode bits of its own counts as closed.
func parentMode(perms int) int {
	mode := 0o755
	if perms&0o070 == 0 {
		mode &^= 0o050
	}
	if perms&0o007 == 0 {
		mode &^= 0o005
	}
	return mode
}

// modeText is "%#o" of C.
func modeText(mode int) string {
	if mode == 0 {
		return "0"
	}
	return "0" + strconv.FormatInt(int64(mode), 8)
}

// mountPoint appends: there is a folder at the destination.
func (c *compiler) mountPoint(op *Op) {
	c.say("Can't mkdir %s", op.Dest)
	c.makeFolder(below(op.Dest), 0o755)
	if op.Kind == Tmpfs {
		c.say("Can't mount tmpfs on %s", shown(op.Dest))
	}
}

// chmod appends: change the mode bits of what dst is, which is open as a path only.
func (c *compiler) chmod(rel string, mode int) {
	done, old := c.Label("chmod_done"), c.Label("chmod_old")
	c.Call(sysFchmodat2, c.dst, "", mode, unix.AT_EMPTY_PATH).On(unix.ENOSYS, old)
	c.Close(c.dst)
	c.Jump(done)
	c.Here(old)
	c.Close(c.dst)
	c.open(rel, inRoot("O_RDONLY", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0), c.dst)
	c.Call(unix.SYS_FCHMOD, c.dst, mode)
	c.Close(c.dst)
	c.Here(done)
}

// sysFchmodat2 is the number of fchmodat2(2), Linux 6.6.
const sysFchmodat2 = 452
