package main

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/terminal"
)

// askTerminal puts into the request that some of the streams are to be a terminal, and
// a socket in their place. It returns the end of the socket that the terminal comes out of.
func (r *request) askTerminal(files []*os.File, streams []int) (*os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	inside := os.NewFile(uintptr(pair[1]), "terminal")
	r.Terminal = streams
	for _, n := range streams {
		files[n] = inside
	}
	if terminal.Is(os.Stdin) && terminal.Foreground(os.Stdin) {
		if modes, err := terminal.GetModes(os.Stdin); err == nil {
			r.Modes = modes.Bytes()
		}
	}
	return os.NewFile(uintptr(pair[0]), "terminal"), nil
}

// enter takes the terminal from the socket, begins to show it, and lets the command
// run. Signal sends one to the command.
func (c *console) enter(socket *os.File, signal func(sig unix.Signal, group bool)) error {
	defer socket.Close()
	master, err := sandbox.ReceiveTerminal(socket)
	var said *sandbox.NoTerminalError
	if errors.As(err, &said) {
		text := strings.TrimSpace(strings.TrimPrefix(said.Text, "usandbox: "))
		return hinted{errors.New(text), "--pty never shares your terminal with the command"}
	}
	if err != nil {
		return err
	}
	if err := c.take(master); err != nil {
		return err
	}
	c.begin(signal)
	_, err = socket.Write([]byte("!"))
	return err
}
