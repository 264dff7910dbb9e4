package launch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A program that makes no namespaces has no init: outer forks the command itself, and reaps.
// In place of the PID namespace there is a domain of which signals do not get out (the caller
// of this package makes it), so that kill(-1) reaches all in it and nobody else. Outer is in
// it, and so is the guard, a process that waits for outer's end. The command is in a domain
// within that one: it can signal neither.
//
//	OwnSession, Begin, Adopt, ForkGuard, ForkCommand, SuperviseHere   outer
//	BeginCommand, TieToOuter, Exec                                    the command

// OwnSession says that Begin makes a session, not only a process group. It is to be called
// before Begin.
func (p *Program) OwnSession() { p.ownSession = true }

// Adopt appends, in outer: whatever is orphaned below becomes its child.
func (p *Program) Adopt() {
	p.Doing("adopt what is orphaned")
	p.own.outerPID = p.Var("outer_pid")
	p.Call(unix.SYS_GETPID).To(p.own.outerPID)
	p.Call(unix.SYS_PRCTL, unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// OnlyInside appends: go on only if a signal cannot reach the caller.
func (p *Program) OnlyInside() {
	p.Doing("check that signals do not get out")
	caller, shut := p.Var("caller"), p.Label("signals_shut_in")
	p.Call(unix.SYS_GETPPID).To(caller)
	p.Call(unix.SYS_KILL, caller, 0).On(unix.EPERM, shut)
	p.Fail(unix.ENOTRECOVERABLE)
	p.Here(shut)
}

// ForkGuard appends, in outer: fork the guard. When outer ends, however that is, it kills all
// that it may signal. So that must be nobody outside, see OnlyInside.
func (p *Program) ForkGuard() {
	p.own.guard = p.Var("guard_pipe")
	pipe, pid, guard, outer := p.Var("pipe"), p.Var("guard_pid"), p.Label("guard"), p.Label("guarded")
	const read = 0
	readEnd := p.Var("guard_end")
	p.Doing("fork the guard")
	p.Call(unix.SYS_PIPE2, pipe.Addr(), unix.O_CLOEXEC)
	p.And(readEnd, pipe, 0xffffffff)
	p.And(p.own.guard, pipe.At(4), 0xffffffff)
	p.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid)
	p.If(pid, ^uint64(0), 0, guard)
	p.Close(readEnd)
	p.Jump(outer)

	was := p.now
	p.Process("guard")
	p.Here(guard)
	p.Doing("keep the guard's file descriptor only")
	p.Call(unix.SYS_DUP3, readEnd, read, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	p.Call(unix.SYS_CLOSE_RANGE, 1, 0xffffffff, 0)
	p.Doing("wait for the end of the process that reaps")
	p.Call(unix.SYS_READ, read, p.Var("byte").Addr(), 8)
	p.Doing("kill all that is left")
	p.Call(unix.SYS_KILL, -1, uint64(unix.SIGKILL)).OnAny(nil)
	p.Call(unix.SYS_EXIT_GROUP, 0)
	p.now = was
	p.Here(outer)
}

// TieToOuter appends, in the command: it dies when outer does.
func (p *Program) TieToOuter() {
	p.Doing("tie the command's life to its parent's")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL), 0, 0, 0)
	parent, alive := p.Var("parent"), p.Label("outer_alive")
	p.Call(unix.SYS_GETPPID).To(parent)
	p.If(parent, ^uint64(0), p.own.outerPID, alive)
	p.Fail(unix.ECANCELED)
	p.Here(alive)
}

// SuperviseHere appends outer's end in a program without init: reap, report the command's
// stops and its end to the caller, then kill all that is left, and end as the command ended.
// Guarded says that ForkGuard was called; else the caller has to kill what is left, as outer
// waits for it.
func (p *Program) SuperviseHere(guarded bool) {
	p.unguarded = !guarded
	o := &p.own
	record, reaped, pid := p.Data("record", recordBytes, recordCommand), p.Data("reaped", recordBytes, recordCommand), p.Var("pid")
	const signals, lifeline, guard = 0, 1, 2
	p.Doing("keep the supervisor's file descriptors only")
	fd := p.Var("signals")
	child := binary.LittleEndian.AppendUint64(nil, 1<<(unix.SIGCHLD-1))
	p.Call(unix.SYS_SIGNALFD4, -1, Struct("SIGCHLD", child), setSize, unix.SFD_CLOEXEC|unix.SFD_NONBLOCK).To(fd)
	p.Call(unix.SYS_DUP3, fd, signals, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	p.Call(unix.SYS_DUP3, p.controlFD(), lifeline, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	first := guard
	if guarded {
		p.Call(unix.SYS_DUP3, o.guard, guard, unix.O_CLOEXEC).On(unix.EINVAL, nil)
		first++
	}
	io := first
	p.Call(unix.SYS_CLOSE_RANGE, p.keepIO(io), 0xffffffff, 0)

	p.Doing("wait for the command")
	again, dead, end, next, ours := p.Label("wait"), p.Label("caller_dead"), p.Label("end"), p.Label("reap_next"), p.Label("reaped_command")
	alive, stopped := p.Label("caller_alive"), p.Label("stopped")
	const happened = uint64(0xffff) << 48
	poll, info := p.Data("poll", 16, signals|unix.POLLIN<<32, lifeline), p.Buffer("siginfo", 128)
	p.Here(again)
	p.Call(unix.SYS_PPOLL, poll.Addr(), 2, 0, 0, setSize)
	p.If(poll.At(8), happened, 0, alive)
	p.Jump(dead)
	p.Here(alive)
	// One SIGCHLD may stand for many children.
	p.Call(unix.SYS_READ, signals, info.Addr(), 128).On(unix.EAGAIN, nil)
	p.Here(next)
	p.Call(unix.SYS_WAIT4, -1, reaped.At(8).Addr(), unix.WNOHANG|unix.WUNTRACED|unix.WALL, reaped.At(16).Addr()).To(pid).On(unix.ECHILD, again)
	p.If(pid, ^uint64(0), 0, again)
	p.If(pid, ^uint64(0), o.commandPID, ours)
	p.Jump(next)
	p.Here(ours)
	p.Add(record.At(8), reaped.At(8), 0)
	p.If(record.At(8), 0xff, 0x7f, stopped)
	p.Jump(end)
	p.Here(stopped)
	p.tell(lifeline, record)
	p.Jump(next)

	p.Here(dead)
	p.Doing("kill the command, as its caller is gone")
	p.Call(unix.SYS_KILL, o.commandPID, uint64(unix.SIGKILL)).On(unix.ESRCH, nil)
	p.Add(record.At(8), uint64(unix.SIGKILL), 0)
	p.Here(end)
	p.Doing("tell how the command ended")
	p.tell(lifeline, record)
	p.Doing("kill all that is left")
	sweep, empty := p.Label("sweep"), p.Label("nothing_is_left")
	p.Here(sweep)
	if guarded {
		p.Call(unix.SYS_KILL, -1, uint64(unix.SIGKILL)).OnAny(nil)
	}
	p.Call(unix.SYS_WAIT4, -1, 0, unix.WALL, 0).On(unix.ECHILD, empty)
	p.Jump(sweep)
	p.Here(empty)
	p.accountOfChildren(lifeline)
	p.tellIO(lifeline, io)
	p.Doing("end as the command ended")
	p.endAs(record.At(8))
}
