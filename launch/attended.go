package launch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// ForkAttended appends, in a standalone program that leads a session whose terminal
// is terminal: fork the command, for which the steps that follow are, in a process
// group of its own in the terminal's foreground. The parent passes signals on to it,
// stops when it stops, and ends with its exit code, or 128 and the signal that ended
// it. It has none of the streams. The command dies if it does.
func (p *Program) ForkAttended(terminal int) {
	o := &p.own
	command, pid, status := p.Label("command"), p.Var("command_pid"), p.Var("status")
	o.sigmask = p.Var("sigmask")
	all := Struct("all", binary.LittleEndian.AppendUint64(nil, ^uint64(0)))
	p.Doing("fork the command")
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, all, o.sigmask.Addr(), setSize)
	p.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid)
	p.If(pid, ^uint64(0), 0, command)

	p.Doing("attend the command")
	p.Call(unix.SYS_CLOSE_RANGE, 0, 0xffffffff, 0)
	p.Call(unix.SYS_SETPGID, pid, pid).OnAny(nil) // the child does the same: whoever comes first
	group, self, sig, n := p.Var("group"), p.Var("self"), p.Var("sig"), p.Var("n")
	wait, child, one, ended := p.Label("wait"), p.Label("child"), p.Label("to_command"), p.Label("ended")
	negate(p, group, pid)
	p.Call(unix.SYS_GETPID).To(self)
	p.Here(wait)
	p.Call(unix.SYS_RT_SIGTIMEDWAIT, all, 0, 0, setSize).To(sig)
	p.If(sig, ^uint64(0), uint64(unix.SIGCHLD), child)
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2} {
		p.If(sig, ^uint64(0), uint64(s), one)
	}
	p.Call(unix.SYS_KILL, group, sig).OnAny(nil)
	p.Jump(wait)
	p.Here(one)
	p.Call(unix.SYS_KILL, pid, sig).OnAny(nil)
	p.Jump(wait)
	p.Here(child)
	p.Call(unix.SYS_WAIT4, pid, status.Addr(), unix.WNOHANG|unix.WUNTRACED, 0).To(n)
	p.If(n, ^uint64(0), 0, wait)
	stopped := p.Label("stopped")
	p.If(status, 0xff, 0x7f, stopped)
	p.Jump(ended)
	p.Here(stopped)
	p.Call(unix.SYS_KILL, self, uint64(unix.SIGSTOP))
	p.Jump(child)
	p.Here(ended)
	p.EndAs(status)

	p.Here(command)
	p.Doing("make a process group of its own")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL), 0, 0, 0)
	p.Call(unix.SYS_SETPGID, 0, 0)
	Foreground(p, terminal)
	p.Doing("restore the caller's signal state")
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, o.sigmask.Addr(), 0, setSize)
	o.sigmask = nil
}

// negate appends: save -a in v. There is no subtraction; a process id has at most 22
// bits, each of which is taken away if it is there.
func negate(p *Program, v, a *Var) {
	for bit := uint64(1); bit < 1<<22; bit <<= 1 {
		absent := p.Label("absent")
		p.If(a, bit, 0, absent)
		p.Add(v, v, -bit)
		p.Here(absent)
	}
}
