package launch

import "golang.org/x/sys/unix"

// A program can have a pseudo-terminal of its own, pty(7), made in the sandbox's
// devpts(5): init opens it and makes it the controlling terminal of its session, and
// the caller gets the master.

// terminalVars is what the pieces know of it.
type terminalVars struct {
	outside []byte // struct termios of the caller's terminal; nil: outer has none
	streams []int  // of the command, which are the terminal; nil: there is none
	slave   *Var
}

// RestoreTerminal says that outer keeps a terminal of the caller's (Attr.Outside),
// and gives it these modes (a struct termios, ioctl_tty(2)) if the caller dies while
// it is raw. It is to be called before Begin.
func (p *Program) RestoreTerminal(modes []byte) { p.own.terminal.outside = modes }

// terminalFD is outer's file descriptor of the caller's terminal.
func (p *Program) terminalFD() int {
	if p.enterable {
		return p.requestFD() + 1
	}
	return p.controlFD() + 1
}

// OpenTerminal appends, in init, which leads a session: make a pseudo-terminal with
// /dev/ptmx of the file tree, take it as the controlling terminal, hand the master to
// the caller (Attr.Terminal), and make it the streams. It implies AwaitForked, before
// which the caller has not the master yet. There is nothing hostile yet that could
// interfere.
func (p *Program) OpenTerminal(streams []int) {
	t := &p.own.terminal
	master := p.fdMessage()
	fd := p.Var("master")
	t.slave, t.streams = OpenPTY(p, fd), streams
	p.Doing("take the terminal as the controlling one")
	p.Call(unix.SYS_IOCTL, t.slave, unix.TIOCSCTTY, 0)
	p.Doing("hand the terminal to the supervisor")
	p.Add(master, fd, 0)
	kind := p.Data("terminal_kind", 8, recordTerminal)
	header := Words("msghdr", 0, 0, Words("iovec", kind.Addr(), 8), 1, p.own.pidfdMessage.Addr(), 24, 0)
	p.Call(unix.SYS_SENDMSG, p.controlFD(), header, unix.MSG_NOSIGNAL)
	p.Close(fd)
}

// Terminal is the file descriptor of the terminal that OpenTerminal has made, until
// TerminalStreams.
func (p *Program) Terminal() *Var { return p.own.terminal.slave }

// TerminalStreams appends, in init: the terminal becomes the command's streams, and
// nothing else has it open.
func (p *Program) TerminalStreams() {
	t := &p.own.terminal
	p.Doing("make the terminal the standard streams")
	for _, n := range t.streams {
		p.Call(unix.SYS_DUP3, t.slave, n, 0)
	}
	p.Close(t.slave)
}

// OpenPTY appends: open a new pseudo-terminal with /dev/ptmx; the master goes to
// master, and what is returned is the terminal itself.
func OpenPTY(p *Program, master *Var) (slave *Var) {
	slave = p.Var("terminal")
	p.Doing("open a terminal of the sandbox's own with /dev/ptmx")
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC).To(master)
	p.Call(unix.SYS_IOCTL, master, unix.TIOCSPTLCK, Struct("unlocked", make([]byte, 4)))
	p.Call(unix.SYS_IOCTL, master, unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC).To(slave)
	return slave
}

// Foreground appends, in a process that leads its process group: make that the one
// in the foreground of the terminal fd. SIGTTOU has to be blocked.
func Foreground(p *Program, fd any) {
	p.Doing("go into the terminal's foreground")
	self := p.Var("self")
	p.Call(unix.SYS_GETPID).To(self)
	p.Call(unix.SYS_IOCTL, fd, unix.TIOCSPGRP, self.Addr())
}

// restoreTerminal appends, in outer: if the terminal fd is still raw, as the caller
// has left it, give it its modes back. Signals are blocked, so this works from the
// background too.
func (p *Program) restoreTerminal(fd int) {
	p.Doing("restore the modes of the caller's terminal")
	now, done := p.Buffer("termios", 48), p.Label("terminal_restored")
	const cooked = unix.ICANON | unix.ECHO | unix.ISIG
	raw := p.Label("terminal_raw")
	p.Call(unix.SYS_IOCTL, fd, unix.TCGETS, now.Addr()).OnAny(done)
	p.If(now.At(12), cooked, 0, raw)
	p.Jump(done)
	p.Here(raw)
	p.Call(unix.SYS_IOCTL, fd, unix.TCSETS, Struct("modes", p.own.terminal.outside)).OnAny(nil)
	p.Here(done)
}
