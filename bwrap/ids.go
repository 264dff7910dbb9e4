package bwrap

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/userns"
)

// startChild appends the beginning of the second process.
func (c *compiler) startChild() {
	c.Process("child")
	c.Here(c.begin)
	c.ForgetArguments()
	c.tell()
	if c.o.UsernsBlock != -1 {
		c.waitFor(c.o.UsernsBlock)
	}
}

// waitFor appends: wait until a byte, or the end, can be read from a file descriptor that
// was given, and close it.
func (c *compiler) waitFor(fd int) {
	c.Call(unix.SYS_READ, fd, c.Var("byte").Addr(), 1).OnAny(nil)
	c.Call(unix.SYS_CLOSE, fd).OnAny(nil)
}

// identify appends: who the child is while it mounts.
func (c *compiler) identify() {
	if c.o.UnshareUser || c.o.Userns != -1 {
		c.bound()
	}
	if c.o.Userns != -1 {
		c.become()
	}
	c.loopback()
	if !c.o.UnshareUser || c.o.UsernsBlock != -1 {
		return
	}
	c.finalUID, c.finalGID = c.uid, c.gid
	// Devpts can be mounted where id 0 is mapped only; then another namespace below has
	// the ids that were asked for.
	if slices.ContainsFunc(c.o.Ops, func(op Op) bool { return op.Kind == Dev }) {
		c.uid, c.gid = 0, 0
	}
	if c.o.DisableUserns {
		c.limits = userns.OpenLimits(c.Program)
	}
	c.inner = c.uid != c.finalUID || c.gid != c.finalGID || c.o.DisableUserns
	c.writeMaps(c.uid, c.h.UID, c.gid, c.h.GID)
}

// become appends: take on the ids in a user namespace that was joined.
func (c *compiler) become() {
	if c.uid != c.h.UID {
		c.say("unable to switch to uid %d", c.uid)
		c.Call(unix.SYS_SETUID, c.uid)
	}
	if c.gid != c.h.GID {
		c.say("unable to switch to gid %d", c.gid)
		c.Call(unix.SYS_SETGID, c.gid)
	}
}

// writeMaps appends: one user and one group id of the process's own user namespace.
func (c *compiler) writeMaps(uid, outerUID, gid, outerGID uint32) {
	idmap.WriteFrom(c.Program, c.proc, idmap.UID, idmap.One(uid, outerUID))
	idmap.WriteFrom(c.Program, c.proc, idmap.GID, idmap.One(gid, outerGID))
}

// identifyAgain appends: the user namespace below, and the proof that there can be no other.
func (c *compiler) identifyAgain() {
	if c.o.Userns2 != -1 {
		c.say("Setting userns2 failed")
		c.Call(unix.SYS_SETNS, c.o.Userns2, unix.CLONE_NEWUSER)
	}
	if c.inner {
		if c.o.DisableUserns {
			c.limits.Set(c.Program, userns.Only(userns.User, 1))
			c.limits.Close(c.Program)
		}
		userns.Unshare(c.Program, userns.SetOf(userns.User))
		c.bound()
		c.writeMaps(c.finalUID, c.uid, c.finalGID, c.gid)
	}
	if c.o.DisableUserns || c.o.AssertDisabled {
		disabled := c.Label("userns_disabled")
		c.Call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER).OnAny(disabled)
		c.Die("creation of new user namespaces was not disabled as requested")
		c.Here(disabled)
	}
}

// lastCap is the last capability of Linux 5.9 and later.
const lastCap = unix.CAP_CHECKPOINT_RESTORE

// bound appends: the bounding set is what the command has.
func (c *compiler) bound() {
	if c.o.Caps == caps.None {
		caps.EmptyBounding(c.Program)
		return
	}
	c.say("Dropping capabilities from bounds")
	for n := range caps.Cap(lastCap + 1) {
		if !c.o.Caps.Has(n) {
			c.Call(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, int(n), 0, 0, 0).On(unix.EINVAL, nil).On(unix.EPERM, nil)
		}
	}
}

// dropPrivileges appends: the capabilities that the command has, and what has to be waited for.
func (c *compiler) dropPrivileges() {
	switch {
	case !c.o.CapsChanged && c.h.UID == 0: // root keeps what it has
	case c.o.Caps == caps.None:
		c.dropAll()
	default:
		caps.Use(c.Program, c.o.Caps, c.o.Caps)
	}
	c.say("can't set dumpable")
	c.Call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	if c.o.BlockFD != -1 {
		c.waitFor(c.o.BlockFD)
	}
}

// raise appends: what the command has survives its execve.
func (c *compiler) raise() {
	c.say("Adding ambient capabilities")
	for n := range caps.Cap(lastCap + 1) {
		if c.o.Caps.Has(n) {
			c.Call(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, int(n), 0, 0).On(unix.EINVAL, nil).On(unix.EPERM, nil)
		}
	}
}
