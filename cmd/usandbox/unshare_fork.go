package main

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// forkCommand appends the fork of the command's process, which goes on with the
// next step, and all that its parent does. Keep, which may be nil, is done by the
// parent when the command is ready to run; it does not run if that fails.
func (p *unshareProgram) forkCommand(keep func()) {
	s := p.spec
	child, pid, status, old := p.Label("command"), p.Var("command_pid"), p.Var("status"), p.Var("sigmask")
	// The parent waits on whatever comes from the terminal, and then ends as the
	// command did.
	waiting := []unix.Signal{unix.SIGINT, unix.SIGTERM}
	if s.forward {
		waiting = append(waiting, unix.SIGCHLD)
	}
	p.Doing("hold signals back")
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, sigset(waiting...), old.Addr(), setSize)
	var parent *launch.Var
	if s.kill != 0 {
		parent = ownPidfd(p.Program)
	}
	here, there := p.Var("here"), p.Var("there")
	if keep != nil {
		pair := p.Var("pair")
		p.Doing("make a socket pair")
		p.Call(unix.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0, pair.Addr())
		p.And(here, pair, 0xffffffff)
		p.And(there, pair.At(4), 0xffffffff)
	}
	p.Doing("fork the command")
	p.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid)
	p.If(pid, ^uint64(0), 0, child)

	p.Process("parent")
	if keep != nil {
		p.awaitReady(pid, here, there)
		keep()
		p.Doing("let the command run")
		p.Call(unix.SYS_SENDTO, here, "!", 1, unix.MSG_NOSIGNAL, 0, 0).OnAny(nil) // it may have been killed
	}
	p.Doing("wait for the command")
	if s.forward {
		p.forwardSignals(pid, status, sigset(waiting...))
	} else {
		p.Call(unix.SYS_WAIT4, pid, status.Addr(), 0, 0)
	}
	p.EndAs(status)

	p.Process("command")
	p.Here(child)
	p.Doing("restore the signal mask")
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, old.Addr(), 0, setSize)
	p.prepare()
	if s.kill != 0 {
		p.Doing("tie the command to its parent (--kill-child)")
		tieTo(p.Program, parent, s.kill)
	}
	if keep != nil {
		p.Doing("wait until the namespaces are kept")
		n, kept := p.Var("n"), p.Label("kept")
		p.Close(here)
		p.Call(unix.SYS_SENDTO, there, "?", 1, unix.MSG_NOSIGNAL, 0, 0)
		p.Call(unix.SYS_READ, there, p.Var("byte").Addr(), 1).To(n)
		p.If(n, ^uint64(0), 1, kept)
		p.Jump(p.refusal(""))
		p.Here(kept)
	}
}

// awaitReady appends, in the parent: wait until the command is ready to run. If it
// could not be prepared, it has said why; end as it did.
func (p *unshareProgram) awaitReady(pid, here, there *launch.Var) {
	n, ready, status := p.Var("n"), p.Label("ready"), p.Var("status")
	p.Doing("wait until the command is ready")
	p.Close(there)
	p.Call(unix.SYS_READ, here, p.Var("byte").Addr(), 1).To(n)
	p.If(n, ^uint64(0), 1, ready)
	p.Call(unix.SYS_WAIT4, pid, status.Addr(), 0, 0)
	p.EndAs(status)
	p.Here(ready)
}

// forwardSignals appends, in the parent: pass SIGINT and SIGTERM on to the command,
// until it has ended. What comes from a terminal is passed over where the command is
// in the same process group, for then it has got it.
func (p *unshareProgram) forwardSignals(pid, status *launch.Var, set launch.Arg) {
	const siKernel = 0x80 // si_code of a signal from the terminal
	info, sig, n := p.Buffer("siginfo", 128), p.Var("sig"), p.Var("n")
	wait, child, send, terminal, ended := p.Label("wait"), p.Label("child"), p.Label("send"), p.Label("terminal"), p.Label("ended")
	p.Here(wait)
	p.Call(unix.SYS_RT_SIGTIMEDWAIT, set, info.Addr(), 0, setSize).To(sig)
	p.If(sig, ^uint64(0), uint64(unix.SIGCHLD), child)
	p.If(info.At(8), 0xffffffff, siKernel, terminal)
	p.Here(send)
	p.Call(unix.SYS_KILL, pid, sig).OnAny(nil)
	p.Jump(wait)
	p.Here(terminal)
	theirs, ours := p.Var("their_group"), p.Var("our_group")
	p.Call(unix.SYS_GETPGID, pid).To(theirs).OnAny(wait)
	p.Call(unix.SYS_GETPGID, 0).To(ours)
	p.If(theirs, ^uint64(0), ours, wait)
	p.Jump(send)
	p.Here(child)
	p.Call(unix.SYS_WAIT4, pid, status.Addr(), unix.WNOHANG, 0).To(n)
	p.If(n, ^uint64(0), 0, wait)
	p.Here(ended)
}
