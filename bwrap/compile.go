package bwrap

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// compiler is a program that is being made.
type compiler struct {
	*launch.Program
	o *Options
	h Host

	uid, gid           uint32 // while the tree is made, and of the command but for the next
	finalUID, finalGID uint32 // of the command, in a user namespace below
	inner              bool   // there is one

	proc   *launch.Var   // fd of the host's proc
	umask  *launch.Var   // of the caller
	limits userns.Limits // of further user namespaces
	env    *launch.Var   // address of the command's environment
	child  *launch.Var   // process id
	event  pipe          // the command's exit code, from init to the monitor
	ready  pipe          // a byte before the execve, and another if it fails
	begin  *launch.Label // of the child
	name   string        // of the program
	self   *launch.Var   // fd of it, if it is the command
}

// pipe is two file descriptors.
type pipe struct{ read, write *launch.Var }

func compile(o *Options, name string, h Host) (*launch.Program, error) {
	c := &compiler{Program: launch.NewStandalone(3), o: o, h: h, uid: h.UID, gid: h.GID, name: name}
	if o.UID != -1 {
		c.uid = uint32(o.UID)
	}
	if o.GID != -1 {
		c.gid = uint32(o.GID)
	}
	begin := name + ": "
	if o.LevelPrefix {
		begin = "<3>" + begin
	}
	c.FailAs(begin, exitFailure, stepWords())
	if err := c.openSelf(); err != nil {
		return nil, err
	}
	c.startMonitor()
	c.watch()
	c.startChild()
	c.identify()
	c.setHostname()
	if err := c.buildTree(); err != nil {
		return nil, err
	}
	c.identifyAgain()
	// A folder of the host's: it must be gone before another process may look at this one. Init
	// would have it for a moment while the command runs.
	c.Close(c.proc)
	c.dropPrivileges()
	c.enterFolder()
	if c.reaps() {
		c.forkCommand()
	}
	return c.Program, c.execute()
}

// reaps reports whether a process stays beside the command, in its PID namespace.
func (c *compiler) reaps() bool {
	return !c.o.AsPID1 && (c.o.UnsharePID || len(c.o.LockFiles) > 0 || c.o.SyncFD != -1)
}

// say sets the words for the failure of the steps that follow.
func (c *compiler) say(format string, args ...any) { c.Doing(fmt.Sprintf(format, args...)) }

// namespaces are the ones that are made beside the mount namespace.
func (c *compiler) namespaces() userns.Set {
	set := userns.SetOf(userns.Mount)
	for _, x := range []struct {
		asked bool
		kind  userns.Kind
	}{
		{c.o.UnshareUser, userns.User}, {c.o.UnsharePID, userns.PID}, {c.o.UnshareNet, userns.Network},
		{c.o.UnshareIPC, userns.IPC}, {c.o.UnshareUTS, userns.UTS}, {c.o.UnshareCgroup, userns.Cgroup},
	} {
		if x.asked {
			set |= userns.SetOf(x.kind)
		}
	}
	return set
}

// newPipe appends the making of a pipe that no exec passes on.
func (c *compiler) newPipe(name string) pipe {
	both, p := c.Var(name), pipe{c.Var(name + "_read"), c.Var(name + "_write")}
	c.say("pipe2()")
	c.Call(unix.SYS_PIPE2, both.Addr(), unix.O_CLOEXEC)
	c.And(p.read, both, 0xffffffff)
	c.And(p.write, both.At(4), 0xffffffff)
	return p
}

// dieWithParent appends: the process is killed when its parent ends, if that was asked for.
func (c *compiler) dieWithParent() {
	if c.o.DieWithParent {
		c.say("prctl")
		c.Call(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL), 0, 0, 0)
	}
}

// dropAll appends: no capability is left. Root may be kept from that by a filter.
func (c *compiler) dropAll() {
	failed := c.Label("capset_failed")
	caps.Use(c.Program, caps.None, caps.None)
	c.say("capset failed")
	if steps := c.Steps(); c.h.UID == 0 {
		steps[len(steps)-1].On(unix.EPERM, failed)
	}
	c.Here(failed)
}
