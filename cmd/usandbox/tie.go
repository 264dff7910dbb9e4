package main

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// ownPidfd appends: open a pidfd of the process itself, by which a child can see
// whether it is still there.
func ownPidfd(p *launch.Program) *launch.Var {
	self, pidfd := p.Var("self"), p.Var("own_pidfd")
	p.Doing("open a pidfd of the own process")
	p.Call(unix.SYS_GETPID).To(self)
	p.Call(unix.SYS_PIDFD_OPEN, self, 0).To(pidfd)
	return pidfd
}

// tieTo appends: the process gets a signal when its parent ends, of which it has a
// pidfd. If the parent has ended already the process ends, without a word: nobody
// waits for it. It comes after all changes of ids, which would undo it.
func tieTo(p *launch.Program, parent *launch.Var, sig unix.Signal) {
	poll, n, alive := p.Var("poll"), p.Var("n"), p.Label("parent_alive")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(sig), 0, 0, 0)
	p.Add(poll, parent, unix.POLLIN<<32) // struct pollfd
	p.Call(unix.SYS_PPOLL, poll.Addr(), 1, launch.Words("now", 0, 0), 0, setSize).To(n)
	p.If(n, ^uint64(0), 0, alive)
	p.Call(unix.SYS_EXIT_GROUP, exitSetup)
	p.Here(alive)
	p.Close(parent)
}
