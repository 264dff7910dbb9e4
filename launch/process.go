package launch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The three processes of an image. Outer is started by the caller and ends as
// the command ends. Init is PID 1 of a new PID namespace: it reaps. The command
// is what the sandbox is for. Each method here appends one piece of one of
// them; the caller of this package puts the pieces in order:
//
//	Begin, ForkInit, Supervise   outer (or Attend, if it is its own caller)
//	BeginInit, ForkCommand, Reap init
//	Exec                         command (or init, if the command is PID 1)

// processVars is what the pieces know of each other.
type processVars struct {
	sigmask, sigchld, umask *Var // of the caller; the command gets them back
	report                  *Var // pipe from init to outer: two ints
	reportRead, reportWrite *Var
	pidfdMessage            *Var // control message that carries one fd
	initPidfd, initPID      *Var
	commandPID              *Var
	outerPID, guard         *Var // without init: see ForkGuard
	io                      *Var // see openIO
	exitCode                *Var // of a failure of a standalone image
	phase                   *Var // in place: what a failure means, see phaseAlone
	goBack                  *Label
	terminal                terminalVars
}

const (
	cloneChild = unix.CLONE_PIDFD | uint64(unix.SIGCHLD)
	setSize    = 8 // of a kernel sigset_t
)

// InitPID is the process id of init as outer sees it, after ForkInit.
func (p *Program) InitPID() *Var { return p.own.initPID }

// controlFD is the supervised image's end of the control socket. Nobody but the
// caller holds the other end, so its hang-up is the caller's death.
func (p *Program) controlFD() int { return p.statusFD() + 1 }

// Begin appends what outer does first: block every signal (the caller forwards
// what the command shall get), make SIGCHLD waitable, and close every file
// descriptor but the command's and its own two.
func (p *Program) Begin() {
	o := &p.own
	o.sigmask, o.sigchld, o.umask = p.Var("sigmask"), p.Buffer("sigchld", 32), p.Var("umask")
	all := binary.LittleEndian.AppendUint64(nil, ^uint64(0))
	p.Doing("prepare signals")
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, Struct("all", all), o.sigmask.Addr(), setSize)
	p.Call(unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), Struct("default", make([]byte, 32)), o.sigchld.Addr(), setSize)
	p.Call(unix.SYS_UMASK, 0).To(o.umask)
	switch {
	case p.ownSession:
		p.Doing("make a session of its own")
		p.Call(unix.SYS_SETSID)
	case p.supervised():
		// So that a signal to the caller's group cannot kill both at once.
		p.Doing("make a process group of its own")
		p.Call(unix.SYS_SETPGID, 0, 0)
	}
	p.Doing("close inherited file descriptors")
	first := p.fds
	switch {
	case p.inPlace:
		// Outer keeps what its caller gave it: a lock may hang on it. See ForgetCaller.
		p.Call(unix.SYS_FCNTL, p.again, unix.F_SETFD, unix.FD_CLOEXEC)
		first = -1
	case !p.standing:
		last := p.controlFD()
		if p.enterable {
			last = p.requestFD()
		}
		if p.own.terminal.outside != nil {
			last = p.terminalFD()
		}
		p.Call(unix.SYS_CLOSE_RANGE, p.statusFD(), last, unix.CLOSE_RANGE_CLOEXEC)
		first = last + 1
	}
	if first >= 0 {
		p.Call(unix.SYS_CLOSE_RANGE, first, 0xffffffff, 0)
	}
	p.openIO()
	p.Doing("name the process")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NAME, argv0, 0, 0, 0)
}

// Rendezvous is a pair of sockets over which two processes of a program wait for
// each other.
type Rendezvous struct {
	p       *Program
	a, b, n *Var
}

// NewRendezvous appends the creation of the sockets. Both processes have both.
func (p *Program) NewRendezvous() *Rendezvous {
	pair := p.Var("pair")
	r := &Rendezvous{p, p.Var("here"), p.Var("there"), p.Var("n")}
	p.Call(unix.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0, pair.Addr())
	p.And(r.a, pair, 0xffffffff)
	p.And(r.b, pair.At(4), 0xffffffff)
	return r
}

// Ask appends, in the one process: tell the other, and wait for its answer.
func (r *Rendezvous) Ask() {
	r.p.Close(r.b)
	r.p.Call(unix.SYS_WRITE, r.a, "?", 1)
	r.wait(r.a)
}

// Listen appends, in the other process: wait to be asked.
func (r *Rendezvous) Listen() {
	r.p.Close(r.a)
	r.wait(r.b)
}

// Answer appends, after Listen: let the first process go on.
func (r *Rendezvous) Answer() {
	r.p.Call(unix.SYS_WRITE, r.b, "!", 1)
	r.p.Close(r.b)
}

// wait appends: read a byte; the other's death is a failure.
func (r *Rendezvous) wait(fd *Var) {
	met := r.p.Label("met")
	r.p.Call(unix.SYS_READ, fd, r.p.Var("byte").Addr(), 8).To(r.n)
	r.p.If(r.n, ^uint64(0), 1, met)
	r.p.Fail(unix.ECANCELED)
	r.p.Here(met)
}

// AwaitCaller appends: tell the caller that the program waits (Attr.Prepare is
// called there), and go on when it says so.
func (p *Program) AwaitCaller() {
	p.prepare = true
	word, n, proceed := p.Data("hello", 8, 1), p.Var("n"), p.Label("proceed")
	p.Call(unix.SYS_SENDTO, p.controlFD(), word.Addr(), 8, unix.MSG_NOSIGNAL, 0, 0)
	p.Call(unix.SYS_READ, p.controlFD(), word.Addr(), 8).To(n)
	p.If(n, ^uint64(0), 1, proceed)
	p.Fail(unix.ECANCELED)
	p.Here(proceed)
}

// AwaitForked appends, in init: wait until the caller's Attr.Forked has returned.
func (p *Program) AwaitForked() {
	p.gated = true
	p.Doing("wait for the supervisor")
	n, forked := p.Var("n"), p.Label("forked")
	p.Call(unix.SYS_READ, p.controlFD(), p.Var("byte").Addr(), 8).To(n)
	p.If(n, ^uint64(0), 1, forked)
	p.Fail(unix.ECANCELED)
	p.Here(forked)
}

// supervised reports whether the program's caller is another process, which
// watches it.
func (p *Program) supervised() bool { return !p.standing && !p.inPlace }

// ForkInit appends the clone of init into new namespaces (CLONE_NEW* flags, the
// PID namespace among them): outer goes on with the next step, init at label init.
func (p *Program) ForkInit(init *Label, namespaces uint64) {
	if p.inPlace {
		p.forkInitInPlace(init, namespaces)
		return
	}
	o := &p.own
	p.Doing("make a pipe between the sandbox's processes")
	o.report, o.reportRead, o.reportWrite = p.Var("report"), p.Var("report_read"), p.Var("report_write")
	p.Call(unix.SYS_PIPE2, o.report.Addr(), unix.O_CLOEXEC)
	p.And(o.reportRead, o.report, 0xffffffff)
	p.And(o.reportWrite, o.report.At(4), 0xffffffff)
	p.Doing("create the PID namespace")
	o.initPID, o.initPidfd = p.Var("init_pid"), p.fdMessage()
	p.Call(unix.SYS_CLONE, namespaces|cloneChild, 0, o.initPidfd.Addr(), 0, 0).To(o.initPID)
	p.If(o.initPID, ^uint64(0), 0, init)
	p.And(o.initPidfd, o.initPidfd, 0xffffffff)
}

// fdMessage makes a control message that carries one fd (unix(7)) and returns
// the word for that fd.
func (p *Program) fdMessage() *Var {
	p.own.pidfdMessage = p.Data("fd_message", 24, 20, unix.SOL_SOCKET|unix.SCM_RIGHTS<<32, 0)
	return p.own.pidfdMessage.At(16)
}

// sendPidfd appends: send the fd in the control message to the caller.
func (p *Program) sendPidfd() {
	if p.standing {
		return
	}
	p.Doing("hand the command's pidfd to the supervisor")
	kind := p.Data("pidfd_kind", 8, recordPidfd)
	header := Words("msghdr", 0, 0, Words("iovec", kind.Addr(), 8), 1, p.own.pidfdMessage.Addr(), 24, 0)
	if p.inPlace {
		// The command runs already, so this must not fail: others of the same user can
		// use up what may be on the way (ETOOMANYREFS).
		sent, unsent := p.Label("pidfd_sent"), p.Label("pidfd_unsent")
		p.Call(unix.SYS_SENDMSG, p.own.reportWrite, header, unix.MSG_NOSIGNAL).OnAny(unsent)
		p.Jump(sent)
		p.Here(unsent)
		p.Call(unix.SYS_SENDTO, p.own.reportWrite, Words("no_pidfd", recordNoPidfd), 8, unix.MSG_NOSIGNAL, 0, 0)
		p.Here(sent)
		return
	}
	p.pidfd = true
	p.Call(unix.SYS_SENDMSG, p.controlFD(), header, unix.MSG_NOSIGNAL)
}

// Supervise appends outer's end: wait for what init reports, pass it on to the
// caller, kill init if the caller is gone, and end as the command ended. If
// commandIsInit, the command itself is PID 1 and reports nothing.
func (p *Program) Supervise(commandIsInit bool) {
	o := &p.own
	if commandIsInit {
		p.sendPidfd()
	}
	record := p.Data("record", recordBytes, recordCommand)
	status, n := record.At(8), p.Var("n")
	const lifeline, report, pidfd = 2, 0, 1
	// The numbers are fixed here, over the command's own standard streams, which
	// outer must not hold: a reader of them would never see the end.
	p.Doing("keep the supervisor's file descriptors only")
	poll := []any{report | unix.POLLIN<<32, pidfd | unix.POLLIN<<32, uint64(0xffffffff)}
	p.Call(unix.SYS_DUP3, o.reportRead, report, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	p.Call(unix.SYS_DUP3, o.initPidfd, pidfd, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	if !p.standing {
		poll[2] = lifeline
		p.Call(unix.SYS_DUP3, p.controlFD(), lifeline, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	}
	if commandIsInit {
		poll[0] = uint64(0xffffffff)
	}
	const terminal = 3
	rest := terminal
	if o.terminal.outside != nil {
		p.Call(unix.SYS_DUP3, p.terminalFD(), terminal, unix.O_CLOEXEC).On(unix.EINVAL, nil)
		rest++
	}
	io := rest
	p.Call(unix.SYS_CLOSE_RANGE, p.keepIO(io), 0xffffffff, 0)
	fds := p.Data("poll", 24, poll...)

	if p.standing {
		// Nobody forwards signals: those that end a program end outer, and with it
		// the sandbox.
		p.Doing("restore the caller's signal mask")
		p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, o.sigmask.Addr(), 0, setSize)
	}
	p.Doing("wait for the command")
	again, dead, gone, end := p.Label("wait"), p.Label("caller_dead"), p.Label("init_gone"), p.Label("end")
	revents := uint64(0xffff) << 48
	p.Here(again)
	p.Call(unix.SYS_PPOLL, fds.Addr(), 3, 0, 0, setSize)
	reported, alive, stopped := p.Label("reported"), p.Label("caller_alive"), p.Label("stopped")
	p.If(fds.At(16), revents, 0, alive)
	p.Jump(dead)
	p.Here(alive)
	p.If(fds.At(0), revents, 0, gone) // then it is the pidfd
	p.Call(unix.SYS_READ, report, record.Addr(), recordBytes).To(n)
	p.If(n, ^uint64(0), 0, gone)
	p.If(status, 0xff, 0x7f, stopped)
	p.Jump(reported)
	p.Here(stopped)
	p.tell(lifeline, record)
	p.Jump(again)

	p.Here(dead)
	if o.terminal.outside != nil {
		p.restoreTerminal(terminal)
	}
	p.Doing("kill the sandbox")
	p.Call(unix.SYS_PIDFD_SEND_SIGNAL, pidfd, uint64(unix.SIGKILL), 0, 0).On(unix.ESRCH, nil)
	p.Here(gone)
	p.Doing("wait for the end of the sandbox")
	p.Call(unix.SYS_WAIT4, o.initPID, status.Addr(), 0, 0)
	p.Jump(end)
	p.Here(reported)
	p.Call(unix.SYS_WAIT4, o.initPID, 0, 0, 0)

	p.Here(end)
	if commandIsInit {
		p.accountOfChildren(lifeline)
	}
	p.tellIO(lifeline, io)
	p.Doing("end as the command ended")
	p.tell(lifeline, record)
	p.endAs(status)
}

// endAs appends: end as a process with this wait status did.
func (p *Program) endAs(status *Var) {
	self, sig := p.Var("self"), p.Var("sig")
	p.And(sig, status, 0x7f)
	zero := p.Label("exited")
	p.If(sig, 0x7f, 0, zero)
	// Other signals may be pending (Ctrl-C in outer's process group) and must not
	// be what it dies of: to ignore a signal discards it.
	other, each, discarded := p.Var("other"), p.Label("each_signal"), p.Label("discarded")
	p.Here(each)
	p.Add(other, other, 1)
	p.If(other, ^uint64(0), 65, discarded)
	p.Call(unix.SYS_RT_SIGACTION, other, Words("ignore", 1, 0, 0, 0), 0, setSize).On(unix.EINVAL, nil) // SIGKILL, SIGSTOP
	p.Jump(each)
	p.Here(discarded)
	p.Call(unix.SYS_RT_SIGACTION, sig, Struct("default", make([]byte, 32)), 0, setSize).On(unix.EINVAL, nil) // SIGKILL has none
	p.Call(unix.SYS_GETPID).To(self)
	p.Call(unix.SYS_KILL, self, sig)
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, Struct("none", make([]byte, 8)), 0, setSize)
	p.Add(sig, sig, 128) // a PID 1 does not die of its own signal
	p.Call(unix.SYS_EXIT_GROUP, sig)
	p.Here(zero)
	p.Call(unix.SYS_EXIT_GROUP, status.At(1)) // the second byte of a wait status is the exit code
}

// tell appends: send the record to the caller, if there is one and it listens.
func (p *Program) tell(lifeline int, record *Var) {
	if !p.standing {
		p.Call(unix.SYS_SENDTO, lifeline, record.Addr(), recordBytes, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0).OnAny(nil)
	}
}
