package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/relay"
	"github.com/usandbox/usandbox/terminal"
)

// asker asks on the caller's terminal about names. Nobody else answers for the caller:
// neither a pipe nor, where it has a terminal of its own, the command.
type asker struct {
	mu  sync.Mutex
	tty *os.File
	con *console // nil: the command has no terminal of its own
}

// tries is how often an answer that is none is asked for again.
const tries = 3

func newAsker(con *console) (*asker, error) {
	if con != nil && (!terminal.Is(os.Stdin) || !terminal.Is(os.Stdout)) {
		return nil, errors.New("with --pty always, standard input and output have to be a terminal")
	}
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, hinted{errors.New("there is no terminal to ask on"), "name what is needed with --allow; without --allow and --ask the end of the run tells what was refused"}
	}
	return &asker{tty: os.NewFile(uintptr(fd), "/dev/tty"), con: con}, nil
}

// ask is relay.Options.Ask.
//
//	usandbox: gcc wants to connect to example.org:443
//	allow it [once, always in this run, no]?
func (a *asker) ask(ctx context.Context, q relay.Question) relay.Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	head := questionOf(q)
	for range tries {
		line, ok := a.line(ctx, head)
		if !ok {
			return relay.Denied
		}
		if answer, ok := parseAnswer(line); ok {
			return answer
		}
	}
	return relay.Denied
}

func questionOf(q relay.Question) string {
	who := "the command"
	if q.Program != "" {
		who = printable(q.Program)
	}
	target := network.Rule{Protocol: q.Protocol, Name: q.Name, Ports: []network.PortRange{{First: q.Port, Last: q.Port}}}
	return fmt.Sprintf("usandbox: %s wants to connect to %s\nallow it [once, always in this run, no]? ", who, printable(target.String()))
}

// parseAnswer reads an answer. An empty line is none: it may have been meant for the
// command.
func parseAnswer(line string) (answer relay.Answer, ok bool) {
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "o", "once", "y", "yes":
		return relay.Once, true
	case "a", "always":
		return relay.Always, true
	case "n", "no", "d", "deny":
		return relay.Denied, true
	}
	return relay.Denied, false
}

// line asks for one line.
func (a *asker) line(ctx context.Context, text string) (string, bool) {
	if a.con != nil {
		return a.con.relay.Ask(ctx.Done(), strings.ReplaceAll(text, "\n", "\r\n"))
	}
	fd := int(a.tty.Fd())
	for !terminal.Foreground(a.tty) { // to read would stop this process
		if !pause(ctx, fd, 0) {
			return "", false
		}
	}
	unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) // what was typed before was for the command
	if _, err := a.tty.WriteString("\n" + text); err != nil {
		return "", false
	}
	var line []byte
	buf := make([]byte, 256)
	for events := int16(unix.POLLIN); pause(ctx, fd, events); {
		if events = unix.POLLIN; !terminal.Foreground(a.tty) {
			events = 0
			continue
		}
		if !readable(fd) {
			continue
		}
		n, err := unix.Read(fd, buf)
		if n <= 0 {
			if err == unix.EINTR || err == unix.EAGAIN {
				continue
			}
			break // the end of the input, Ctrl-D
		}
		line = append(line, buf[:n]...)
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			return string(line[:i]), true
		}
		if len(line) > 4096 {
			break
		}
	}
	a.tty.WriteString("\n")
	return "", false
}

// pause waits a moment, or until there is something to read. False: nobody waits for the
// answer any more, or the terminal is gone.
func pause(ctx context.Context, fd int, events int16) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	unix.Poll(fds, 100)
	return ctx.Err() == nil && fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) == 0
}

func readable(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}
