package bwrap

import (
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// fresh appends: a new file system is the mount at hand. Params are names and values of
// mount options in turn; one without a value is a flag.
func (c *compiler) fresh(fstype string, attr uint64, params ...string) {
	c.Call(unix.SYS_FSOPEN, fstype, unix.FSOPEN_CLOEXEC).To(c.fs)
	for i := 0; i < len(params); i += 2 {
		if params[i+1] == "" {
			c.Call(unix.SYS_FSCONFIG, c.fs, unix.FSCONFIG_SET_FLAG, params[i], 0, 0)
			continue
		}
		c.Call(unix.SYS_FSCONFIG, c.fs, unix.FSCONFIG_SET_STRING, params[i], params[i+1], 0)
	}
	c.Call(unix.SYS_FSCONFIG, c.fs, unix.FSCONFIG_SET_STRING, "source", fstype, 0)
	c.Call(unix.SYS_FSCONFIG, c.fs, unix.FSCONFIG_CMD_CREATE, 0, 0, 0)
	c.Call(unix.SYS_FSMOUNT, c.fs, unix.FSMOUNT_CLOEXEC, attr).To(c.mnt)
	c.Close(c.fs)
}

// tmpfs appends a new tmpfs as the mount at hand.
func (c *compiler) tmpfs(mode int, size uint64) {
	params := []string{"mode", modeText(mode)}
	if size != 0 {
		params = append(params, "size", strconv.FormatUint(size, 10))
	}
	c.fresh("tmpfs", nosuid|nodev, params...)
}

// attachKept is attach, but the new mount stays open as dst, which is returned: what is
// made in it later is found there whatever has become of the path.
func (c *compiler) attachKept(rel string, fresh bool) *launch.Var {
	kept := c.Var("inside")
	c.Call(unix.SYS_FCNTL, c.mnt, unix.F_DUPFD_CLOEXEC, 0).To(kept)
	c.attach(rel, fresh)
	return kept
}

// covers are the parts of a proc through which the system can be changed.
var covers = [...]string{"sys", "sysrq-trigger", "irq", "bus"}

// procFS appends a proc: a new one, or the caller's where the PID namespace is.
func (c *compiler) procFS(op *Op, rel string) {
	c.mountPoint(op)
	if c.o.UnsharePID || c.o.PIDNS != -1 {
		c.say("Can't mount proc on %s", shown(op.Dest))
		c.fresh("proc", nosuid|nodev|noexec)
	} else {
		c.say("Can't bind mount oldroot/proc on %s: Unable to mount source on destination", shown(op.Dest))
		c.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, oldRoot+"/proc", cloneNamed).To(c.mnt)
		c.attributes(attrBind, "Can't bind mount oldroot/proc on "+shown(op.Dest))
	}
	inside := c.attachKept(rel, false)
	for _, name := range covers {
		skip := c.Label("not_writable")
		c.say("Can't access %s/%s", shown(op.Dest), name)
		c.Call(unix.SYS_FACCESSAT, inside, name, unix.W_OK).On(unix.EACCES, skip).On(unix.ENOENT, skip).On(unix.EROFS, skip)
		c.say("Can't bind mount %s on itself", path.Join(shown(op.Dest), name))
		c.Call(unix.SYS_OPEN_TREE, inside, name, cloneNamed).To(c.mnt)
		c.attributes(attrReadOnly, "Can't bind mount "+path.Join(shown(op.Dest), name)+" on itself")
		c.Call(unix.SYS_MOVE_MOUNT, c.mnt, "", inside, name, moveNamed)
		c.Close(c.mnt)
		c.Here(skip)
	}
	c.Close(inside)
}
