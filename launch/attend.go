package launch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Forward is a signal that the command gets when outer does.
type Forward struct {
	Signal unix.Signal
	Group  bool // the command's whole process group gets it, as from a terminal
}

// Attend appends outer's end where outer is its own caller: pass on signals, stop
// when the command stops, and end with the exit code of the command, or 128 and
// the signal that ended it. Before that come the steps that atEnd appends, which
// may be nil; it is given where the command's wait status is.
//
// A signal that comes before the command runs waits for it.
func (p *Program) Attend(forward []Forward, atEnd func(status *Var)) {
	o := &p.own
	record := p.Data("record", recordBytes, 0)
	status, n, signals, pidfd := record.At(8), p.Var("n"), p.Var("signals"), p.Var("command_pidfd")
	var set uint64
	for _, f := range forward {
		set |= 1 << (f.Signal - 1)
	}
	mask := Struct("forwarded", binary.LittleEndian.AppendUint64(nil, set))
	p.Doing("take signals for the command")
	p.Call(unix.SYS_SIGNALFD4, -1, mask, setSize, unix.SFD_CLOEXEC).To(signals)
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, mask, 0, setSize)

	p.Doing("wait for the command")
	again, gone, reported, end := p.Label("wait"), p.Label("init_gone"), p.Label("reported"), p.Label("end")
	signalled, runs, told := p.Label("signalled"), p.Label("command_runs"), p.Label("command_told")
	alone := p.Label("no_pidfd")
	const readable, happened = unix.POLLIN << 32, uint64(0xffff) << 48
	poll := p.Data("poll", 16, 0, uint64(0xffffffff))
	p.Add(poll, o.reportRead, readable)
	p.Here(again)
	p.Call(unix.SYS_PPOLL, poll.Addr(), 2, 0, 0, setSize)
	p.If(poll, happened, 0, signalled)
	message := p.Data("control", 24)
	header := p.Data("header", 56, 0, 0, Words("iovec", record.Addr(), recordBytes), 1, message.Addr(), 24, 0)
	p.Add(header.At(40), 24, 0) // the kernel changes it
	p.Call(unix.SYS_RECVMSG, o.reportRead, header.Addr(), unix.MSG_CMSG_CLOEXEC).To(n)
	p.If(n, ^uint64(0), 0, gone)
	p.If(record, ^uint64(0), recordFailed, o.goBack)
	p.If(record, ^uint64(0), recordPidfd, runs)
	p.If(record, ^uint64(0), recordNoPidfd, alone)
	p.If(status, 0xff, 0x7f, told)
	p.Jump(reported)

	p.Here(runs) // from now on signals have somebody to go to
	p.And(pidfd, message.At(16), 0xffffffff)
	p.Add(poll.At(8), signals, readable)
	p.Jump(again)

	p.Here(alone) // signals end outer, and with it the sandbox
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_UNBLOCK, mask, 0, setSize)
	p.Jump(again)

	p.Here(told)
	p.Doing("stop as the command has stopped")
	self := p.Var("self")
	p.Call(unix.SYS_GETPID).To(self)
	p.Call(unix.SYS_KILL, self, uint64(unix.SIGSTOP))
	p.Jump(again)

	p.Here(signalled)
	p.Doing("pass a signal on to the command")
	info, sig, flags, send := p.Buffer("siginfo", 128), p.Var("sig"), p.Var("flags"), p.Label("send")
	p.Call(unix.SYS_READ, signals, info.Addr(), 128)
	p.And(sig, info, 0xffffffff)
	p.Add(flags, 0, 0)
	for _, f := range forward {
		if !f.Group {
			p.If(sig, ^uint64(0), uint64(f.Signal), send)
		}
	}
	p.Add(flags, pidfdProcessGroup, 0)
	p.Here(send)
	p.Call(unix.SYS_PIDFD_SEND_SIGNAL, pidfd, sig, 0, flags).OnAny(again) // it may have ended
	p.Jump(again)

	p.Here(gone)
	p.Doing("wait for the end of the sandbox")
	p.Call(unix.SYS_WAIT4, o.initPID, status.Addr(), 0, 0)
	p.Jump(end)
	p.Here(reported)
	p.Call(unix.SYS_WAIT4, o.initPID, 0, 0, 0)
	p.Here(end)
	if atEnd != nil {
		atEnd(status)
	}
	p.EndAs(status)
}

// EndAs appends: end with the exit code of a child whose wait status is given, or
// with 128 and the signal that ended it.
func (p *Program) EndAs(status *Var) {
	p.Doing("end as the command ended")
	sig, exited := p.Var("sig"), p.Label("exited")
	p.And(sig, status, 0x7f)
	p.If(sig, 0x7f, 0, exited)
	p.Add(sig, sig, 128)
	p.Call(unix.SYS_EXIT_GROUP, sig)
	p.Here(exited)
	p.Call(unix.SYS_EXIT_GROUP, status.At(1)) // the second byte of a wait status is the exit code
}

// pidfdProcessGroup is PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9.
const pidfdProcessGroup = 1 << 2

// CanAttend reports whether this kernel has what Attend needs: signals to the
// process group of a pidfd, Linux 6.9.
func CanAttend() bool {
	return unix.PidfdSendSignal(-1, 0, nil, pidfdProcessGroup) == unix.EBADF
}

// RunAgain appends, in outer: execute the program to go back to with the arguments
// given and no environment, as a child, and wait for it. If it cannot be, or does not
// end with 0, outer says sorry. The forwarded signals stay blocked in the child: the
// command is what they were for.
func (p *Program) RunAgain(args []string, sorry string) {
	child, pid, status := p.Label("again_child"), p.Var("again_pid"), p.Var("again_status")
	failed, done := p.Label("again_failed"), p.Label("again_done")
	p.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid).OnAny(failed)
	p.If(pid, ^uint64(0), 0, child)
	p.Call(unix.SYS_WAIT4, pid, status.Addr(), 0, 0).OnAny(failed)
	p.If(status, ^uint64(0), 0, done)
	p.Here(failed)
	p.Call(unix.SYS_WRITE, 2, sorry, len(sorry)).OnAny(nil)
	p.Jump(done)
	p.Here(child)
	p.Call(unix.SYS_UMASK, p.own.umask)
	p.Call(unix.SYS_EXECVEAT, p.again, "", Strings(append([]string{argv0}, args...)), Words("none", 0), unix.AT_EMPTY_PATH).OnAny(nil)
	p.Call(unix.SYS_EXIT_GROUP, ExitSetup)
	p.Here(done)
}
