package launch

import "golang.org/x/sys/unix"

// BeginInit appends what init does first: tie its life to outer's, and make a
// session of its own, out of reach of signals to the caller's process group.
//
// The session is init's, so that the command, in a process group of its own
// below it, is no orphaned group: a stop signal would not stop one.
func (p *Program) BeginInit() {
	p.Doing("tie the sandbox's life to its parent's")
	p.Call(unix.SYS_CLOSE, p.own.reportRead) // else init itself would keep the pipe alive
	p.TieToParent()
	if p.own.terminal.outside != nil {
		p.Doing("close the caller's terminal")
		p.Call(unix.SYS_CLOSE, p.terminalFD())
	}
	p.Doing("make a session of its own")
	p.Call(unix.SYS_SETSID)
}

// TieToParent appends: init dies when outer does. It is to be repeated after a
// change of ids, which clears it. Outer may have died before: then the pipe to
// it has no reader left.
func (p *Program) TieToParent() {
	p.Doing("tie the sandbox's life to its parent's")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL), 0, 0, 0)
	poll, alive := p.Var("poll"), p.Label("parent_alive")
	p.Add(poll, p.own.reportWrite, 0) // struct pollfd: fd, no events but errors
	p.Call(unix.SYS_PPOLL, poll.Addr(), 1, Words("now", 0, 0), 0, setSize)
	p.If(poll, (unix.POLLERR|unix.POLLHUP)<<48, 0, alive) // of a pipe, of a socket
	p.Fail(unix.ECANCELED)
	p.Here(alive)
}

// Undumpable appends: nobody may trace the process or look into its memory,
// environment, files and namespaces, whatever capabilities they have in a
// namespace below. It holds until the next exec.
func (p *Program) Undumpable() {
	p.Doing("make the process untraceable")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

// ForkCommand appends the fork of the command: init goes on with the next step,
// the command at label command. As vfork(2) has it, they share their memory until
// the command is executed or has failed, and init waits until then; unless apart,
// for a command that needs init meanwhile.
func (p *Program) ForkCommand(command *Label, apart bool) {
	o := &p.own
	fd := p.fdMessage()
	o.commandPID = p.Var("command_pid")
	flags := unix.CLONE_VM | unix.CLONE_VFORK | cloneChild
	if apart {
		flags = cloneChild
	}
	p.Doing("fork the command")
	p.Call(unix.SYS_CLONE, flags, 0, fd.Addr(), 0, 0).To(o.commandPID)
	p.If(o.commandPID, ^uint64(0), 0, command)
	if !apart {
		p.commandRuns() // or it has failed, and said so
	}
	p.sendPidfd()
}

// Reap appends init's end: wait for every child, and report the command's stops
// and its end to outer. When init ends, the kernel kills what is left.
func (p *Program) Reap() {
	o := &p.own
	record, pid := p.Data("reaped", recordBytes, recordCommand), p.Var("pid")
	status := record.At(8)
	const report = 0
	// Init must not hold the command's standard streams open; see Supervise.
	p.Doing("keep init's file descriptor only")
	p.Call(unix.SYS_DUP3, o.reportWrite, report, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	p.Call(unix.SYS_CLOSE_RANGE, p.keepControl(1), 0xffffffff, 0)
	p.Doing("reap")
	again, ours := p.Label("reap"), p.Label("reaped_command")
	p.Here(again)
	p.Call(unix.SYS_WAIT4, -1, status.Addr(), unix.WUNTRACED|unix.WALL, record.At(16).Addr()).To(pid)
	p.If(pid, ^uint64(0), o.commandPID, ours)
	p.Jump(again)
	p.Here(ours)
	p.accountUnlessStopped(1, status)
	p.Call(unix.SYS_WRITE, report, record.Addr(), recordBytes) // if it cannot be told, init must not end with 0
	p.If(status, 0xff, 0x7f, again)                            // stopped: not the end
	p.Call(unix.SYS_EXIT_GROUP, 0)
}
