package sandbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Entry is a command that is to run in a sandbox beside the one it was made for. The
// fields mean what those of [Cmd] do, but the streams are always files; nil is the
// null device of the caller. Env nil is the environment of the sandbox's own command.
type Entry struct {
	Args                  []string
	Env                   []string
	Dir                   string
	Stdin, Stdout, Stderr *os.File

	// Terminal gives the command a terminal of the sandbox's own in place of the
	// streams that are nil, and a session: it is one end of a socket pair (unix(7),
	// SOCK_SEQPACKET), from whose other end [ReceiveTerminal] takes the master. Nil:
	// there is none.
	Terminal *os.File
}

// Entered is a command that has been started by [Cmd.Enter].
type Entered struct {
	*launch.Entered
}

// Enter starts a command in the sandbox, which has to be Enterable and to run. It is
// forked by the sandbox's init, so it has the same capabilities, filters, limits
// and namespaces, and no more; it has a process group of its own. If it cannot be
// executed, that is told on its standard error, and it ends with 126 or 127.
// os.ErrProcessDone after the sandbox's end.
func (c *Cmd) Enter(e *Entry) (*Entered, error) {
	if c.process == nil {
		return nil, errors.New("sandbox: not started")
	}
	if err := checkCommand(e.Args); err != nil {
		return nil, err
	}
	env := e.Env
	if env == nil {
		env = c.environ()
	}
	dir := e.Dir
	if dir == "" {
		dir = c.dir()
	}
	p := launch.NewStandalone(3)
	p.Process("entered")
	files := [3]*os.File{e.Stdin, e.Stdout, e.Stderr}
	var streams, null []int // that are the terminal, or the null device
	for fd, f := range files {
		switch {
		case f != nil:
		case e.Terminal != nil:
			files[fd], streams = e.Terminal, append(streams, fd)
		default:
			null = append(null, fd)
		}
	}
	if e.Terminal != nil && streams == nil {
		return nil, errNoStream
	}
	if streams != nil {
		enterTerminal(p, streams)
	}
	if dir != "" {
		p.Doing("change to the working directory " + dir)
		p.Call(unix.SYS_CHDIR, dir)
	}
	ownNull(p, null)
	p.Exec(e.Args[0], candidates(e.Args[0], env), launch.Strings(e.Args), launch.Secret("environment", env))
	image, err := p.Image()
	if err != nil {
		return nil, err
	}
	for fd, f := range files {
		if f == nil {
			null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
			if err != nil {
				return nil, err
			}
			defer null.Close()
			files[fd] = null
		}
		if err := noFolder(fd, f); err != nil {
			return nil, err
		}
	}
	entered, err := c.process.Enter(image, files, e.Terminal != nil)
	if err != nil {
		return nil, err
	}
	return &Entered{entered}, nil
}

// Wait waits for the command's end. An exit code that is not 0, and an end by a
// signal, give an *[ExitError]. It must not be mixed with Changes.
func (e *Entered) Wait() error {
	var last unix.WaitStatus
	for ws := range e.Changes() {
		last = ws
	}
	if last != 0 {
		return &ExitError{Result: Result{Status: last}}
	}
	return nil
}
