package bwrap

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// startMonitor appends what the first process does until there is a second one, in the new
// namespaces.
func (c *compiler) startMonitor() {
	c.Process("monitor")
	c.say("prctl(PR_SET_NO_NEW_PRIVS) failed")
	c.Call(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	c.say("prepare signals")
	c.Call(unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), launch.Struct("default", make([]byte, 32)), 0, 8)
	c.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_UNBLOCK, launch.Words("SIGCHLD", uint64(1)<<(unix.SIGCHLD-1)), 0, 8)
	c.say("prctl")
	c.Call(unix.SYS_PRCTL, unix.PR_SET_NAME, "bwrap", 0, 0, 0)
	c.say("Can't open /proc")
	c.proc = c.Var("proc")
	c.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).To(c.proc)
	if c.reaps() && c.o.UnsharePID {
		c.event = c.newPipe("event")
	}
	if c.o.StatusFD != -1 {
		c.ready = c.newPipe("ready")
	}
	c.joinFirst()
	c.hide()
	c.child = c.Var("child")
	c.begin = c.Label("child")
	c.clone(c.begin)
}

// hide appends, where the command will be in this process's user namespace: it cannot be
// traced. It keeps the host's file tree. The child changes that at the end, for itself.
func (c *compiler) hide() {
	if !c.o.UnshareUser {
		c.say("can't set dumpable")
		c.Call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	}
}

// joinFirst appends the joining of namespaces that were given.
func (c *compiler) joinFirst() {
	if c.o.Userns != -1 {
		c.say("Joining specified user namespace failed")
		alien, joined := c.Label("alien_userns"), c.Label("userns_joined")
		c.Call(unix.SYS_SETNS, c.o.Userns, unix.CLONE_NEWUSER).On(unix.EINVAL, alien)
		c.Jump(joined)
		c.Here(alien)
		c.Die("Joining the specified user namespace failed, it might not be a descendant of the current user namespace.")
		c.Here(joined)
	}
	if c.o.PIDNS != -1 {
		c.say("Setting pidns failed")
		c.Call(unix.SYS_SETNS, c.o.PIDNS, unix.CLONE_NEWPID)
	}
}

// clone appends the clone into new namespaces; the new process goes on at child. A PID
// namespace below one that was joined is made by a process in that one.
func (c *compiler) clone(child *launch.Label) {
	flags := c.namespaces().Flags() | uint64(unix.SIGCHLD)
	refused, exhausted, made := c.Label("clone_refused"), c.Label("clone_exhausted"), c.Label("cloned")
	unknown := c.Label("clone_unknown")
	below, middle := c.o.PIDNS != -1 && c.o.UnsharePID, c.Var("middle")
	if below {
		between := c.Label("between")
		c.say("Can't fork for --pidns")
		c.Call(unix.SYS_PRCTL, unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
		c.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(middle)
		c.If(middle, ^uint64(0), 0, between)
		if c.o.AsPID1 { // it stays, and ends as the command does
			c.Add(c.child, middle, 0)
			c.Jump(made)
		}
		// What its child is called here is not known; the pipe tells how that ended.
		status := c.Var("status")
		c.Call(unix.SYS_WAIT4, middle, status.Addr(), 0, 0)
		c.Add(c.child, ^uint64(0), 0)
		c.If(status, ^uint64(0), 0, made)
		c.Call(unix.SYS_EXIT_GROUP, exitFailure)
		c.Here(between)
	}
	c.say("Creating new namespace failed")
	step := c.Call(unix.SYS_CLONE, flags, 0, 0, 0, 0).To(c.child).On(unix.ENOSPC, exhausted)
	if c.o.UnshareUser {
		step.On(unix.EPERM, refused).On(unix.EINVAL, unknown)
	}
	c.If(c.child, ^uint64(0), 0, child)
	switch {
	case below && c.o.AsPID1:
		c.passOn()
	case below:
		c.Call(unix.SYS_EXIT_GROUP, 0)
	default:
		c.Jump(made)
	}
	c.Here(refused)
	c.Die("No permissions to create a new namespace, likely because the kernel does not allow non-privileged user namespaces. On e.g. debian this can be enabled with 'sysctl kernel.unprivileged_userns_clone=1'.")
	c.Here(unknown)
	c.Die("Creating new namespace failed, likely because the kernel does not support user namespaces.")
	c.Here(exhausted)
	c.Die("Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)")
	c.Here(made)
}

// passOn appends, in a process between the monitor and a command that is PID 1 below a PID
// namespace that was joined, whose init the command would be left to: wait for the command,
// and end with its exit code.
func (c *compiler) passOn() {
	c.dropAll()
	c.dieWithParent()
	c.say("close file descriptors")
	c.Call(unix.SYS_CLOSE_RANGE, 3, 0xffffffff, 0)
	c.say("wait for the command")
	code, status := c.Var("code"), c.Var("status")
	c.Call(unix.SYS_WAIT4, c.child, status.Addr(), 0, 0)
	c.exitCode(code, status)
	c.Call(unix.SYS_EXIT_GROUP, code)
}

// watch appends the monitor's end: wait for the command, or for the process that reaps, and
// end with its exit code.
func (c *compiler) watch() {
	if c.o.Userns2 != -1 {
		c.say("Setting userns2 failed")
		c.Call(unix.SYS_SETNS, c.o.Userns2, unix.CLONE_NEWUSER)
	}
	c.dropAll()
	if c.o.UnshareUser {
		c.say("can't set dumpable")
		c.Call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
	}
	c.dieWithParent()
	c.keepOnly(c.event.read, c.ready.read, c.o.StatusFD)

	c.say("wait for the command")
	code, status, n, gone, end := c.Var("code"), c.Var("status"), c.Var("n"), c.Label("child_gone"), c.Label("end")
	if c.event.read != nil {
		c.Call(unix.SYS_READ, keptEvent, code.Addr(), 8).To(n)
		c.If(n, ^uint64(0), 8, end)
	}
	c.Here(gone)
	c.Add(status, exitFailure<<8, 0)
	c.Call(unix.SYS_WAIT4, c.child, status.Addr(), 0, 0).On(unix.ECHILD, nil)
	c.exitCode(code, status)
	c.Here(end)
	if c.o.StatusFD != -1 {
		c.tellExit(code)
	}
	c.Call(unix.SYS_EXIT_GROUP, code)
}

// The monitor's file descriptors beside the standard streams, once they are moved.
const (
	keptEvent = 3 + iota
	keptReady
	keptStatus
	keptEnd
)

// keepOnly appends: the monitor keeps the standard streams and the three given. They are
// moved up before they are moved down, as any number may be any other's place.
func (c *compiler) keepOnly(event, ready *launch.Var, status int) {
	c.say("close file descriptors")
	const above = 64
	kept := [...]any{event, ready, status}
	for i, fd := range kept {
		if v, isVar := fd.(*launch.Var); isVar && v == nil || fd == any(-1) {
			kept[i] = nil
			continue
		}
		up := c.Var("up")
		c.Call(unix.SYS_FCNTL, fd, unix.F_DUPFD_CLOEXEC, above).To(up).OnAny(nil)
		kept[i] = up
	}
	for i, fd := range kept {
		if fd == nil {
			c.Call(unix.SYS_CLOSE, keptEvent+i).OnAny(nil) // it may be the other end of one that is kept
			continue
		}
		c.Call(unix.SYS_DUP3, fd, keptEvent+i, unix.O_CLOEXEC).OnAny(nil)
	}
	c.Call(unix.SYS_CLOSE_RANGE, keptEnd, 0xffffffff, 0)
}

// exitCode appends: code is the exit code for a wait status, 128 and the signal for one
// that a signal ended.
func (c *compiler) exitCode(code, status *launch.Var) {
	killed, done := c.Label("killed"), c.Label("code_known")
	signal := c.Var("signal")
	c.And(signal, status, 0x7f)
	c.If(signal, 0x7f, 0, killed)
	c.Add(code, signal, 128)
	c.Jump(done)
	c.Here(killed) // by nothing: it has ended itself
	c.And(code, status.At(1), 0xff)
	c.Here(done)
}

// loopback appends: the loopback interface of the new network namespace is switched on.
func (c *compiler) loopback() {
	if c.o.UnshareNet {
		userns.LoopbackUp(c.Program)
	}
}
