package sandbox

import (
	"errors"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/terminal"
)

// Terminal is a pseudo-terminal of the sandbox's own, pty(7), of the devpts(5) in its
// file tree. It is the controlling terminal of the sandbox's session, /dev/console,
// and those of the command's standard streams that are nil. The command is in its
// foreground. Who has the master is in the place of the person who types and looks:
// the package terminal relays it to a terminal.
type Terminal struct {
	// Prepare is called by Start with the master before the command runs, to set the
	// terminal's size and modes (terminal.SetSize, terminal.SetModes). The file is
	// the callee's to close; when it is closed, the terminal is hung up.
	Prepare func(master *os.File) error

	// Outside is the caller's terminal, and Modes what outer is to give it if the
	// caller dies while it is raw. Nil: nothing is done then. The command does not get it.
	Outside *os.File
	Modes   terminal.Modes
}

// errNoStream says that a terminal would be nobody's.
var errNoStream = errors.New("a terminal needs a standard stream to be: leave one of Stdin, Stdout and Stderr nil")

// checkTerminal refuses a terminal that cannot be had.
func (c *Cmd) checkTerminal() error {
	switch {
	case c.Terminal == nil:
		return nil
	case c.Hold:
		return &PolicyError{"Terminal", errors.New("a sandbox without a command has no terminal")}
	case len(c.nilStreams()) == 0:
		return &PolicyError{"Terminal", errNoStream}
	}
	return nil
}

// terminalStreams are the streams of the command that are the terminal.
func (c *Cmd) terminalStreams() []int {
	if c.Terminal == nil {
		return nil
	}
	return c.nilStreams()
}

// prepareTerminal is what Start does with the master.
func (c *Cmd) prepareTerminal(master *os.File) error {
	err := terminal.Master(master)
	if err == nil && c.Terminal.Prepare != nil {
		return c.Terminal.Prepare(master)
	}
	master.Close()
	return err
}

// withOwnConsole are the entries with the place for a console in place of the
// caller's terminal, which is not to be seen.
func withOwnConsole(files []mounts.Entry) []mounts.Entry {
	files = withoutConsole(files)
	for i, e := range files {
		if dev, ok := e.(mounts.Dev); ok {
			dev.OwnConsole = true
			files[i] = dev
		}
	}
	return files
}

// openTerminal appends, in init, behind the file tree: make the terminal.
func openTerminal(p *launch.Program, files []mounts.Entry, streams []int) {
	p.OpenTerminal(streams)
	mounts.BindConsole(p, files, p.Terminal())
	p.TerminalStreams()
}

// enterTerminal appends, in a program that enters and leads a session: make a
// terminal, send its master over the socket, which stands in place of the streams that
// it becomes, and fork the command, which the steps that follow are for. This
// process stays: it leads the session, so that the command can be stopped, passes
// signals on, and stops and ends as the command does.
func enterTerminal(p *launch.Program, streams []int) {
	socket := streams[0]
	master, message := p.Var("master"), p.Data("fd_message", 24, 20, unix.SOL_SOCKET|unix.SCM_RIGHTS<<32, 0)
	slave := launch.OpenPTY(p, master)
	p.Doing("take the terminal as the controlling one")
	p.Call(unix.SYS_IOCTL, slave, unix.TIOCSCTTY, 0)
	p.Doing("hand the terminal out")
	p.Add(message.At(16), master, 0)
	header := launch.Words("msghdr", 0, 0, launch.Words("iovec", launch.Str("terminal"), 8), 1, message.Addr(), 24, 0)
	p.Call(unix.SYS_SENDMSG, socket, header, unix.MSG_NOSIGNAL)
	p.Close(master)
	p.Doing("wait for who has the terminal")
	n, ready := p.Var("n"), p.Label("ready")
	p.Call(unix.SYS_READ, socket, p.Var("byte").Addr(), 1).To(n)
	p.If(n, ^uint64(0), 1, ready)
	p.Fail(unix.ECANCELED)
	p.Here(ready)
	p.Doing("make the terminal the standard streams")
	for _, stream := range streams {
		p.Call(unix.SYS_DUP3, slave, stream, 0)
	}
	p.Close(slave)
	p.ForkAttended(streams[0])
}

// ReceiveTerminal takes the master of a terminal that Entry.Terminal asks for, from
// the other end of that socket pair. What comes from inside is not trusted: it is
// checked to be a master. The command runs when a byte is written to the socket.
func ReceiveTerminal(socket *os.File) (*os.File, error) {
	text, oob := make([]byte, 4096), make([]byte, unix.CmsgSpace(4*4))
	var n, oobn int
	var err error
	for {
		n, oobn, _, _, err = unix.Recvmsg(int(socket.Fd()), text, oob, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return nil, os.NewSyscallError("recvmsg", err)
	}
	var files []*os.File
	if list, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil {
		for i := range list {
			fds, _ := unix.ParseUnixRights(&list[i])
			for _, fd := range fds {
				files = append(files, os.NewFile(uintptr(fd), "/dev/ptmx"))
			}
		}
	}
	if len(files) != 1 {
		for _, f := range files {
			f.Close()
		}
		if n > 0 && len(files) == 0 { // it is its standard error, too
			rest, _ := io.ReadAll(io.LimitReader(socket, int64(len(text))))
			return nil, &NoTerminalError{string(text[:n]) + string(rest)}
		}
		return nil, errors.New("no terminal has come from the sandbox")
	}
	if err := terminal.Master(files[0]); err != nil {
		files[0].Close()
		return nil, err
	}
	return files[0], nil
}

// NoTerminalError is what a sandbox says in place of sending a terminal. It comes from
// inside: do not print it as it is.
type NoTerminalError struct{ Text string }

func (e *NoTerminalError) Error() string { return e.Text }

// nilStreams are the standard streams that are left out.
func (c *Cmd) nilStreams() (fds []int) {
	for fd, out := range []bool{c.Stdin == nil, c.Stdout == nil, c.Stderr == nil} {
		if out {
			fds = append(fds, fd)
		}
	}
	return slices.Clip(fds)
}
