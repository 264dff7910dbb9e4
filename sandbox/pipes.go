package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// pipes are the files behind a command's standard streams.
type pipes struct {
	theirs []*os.File     // closed here when the command has started
	ours   []*os.File     // closed here if it could not be
	copies []func() error // run while the command runs
	input  []func() error // likewise, but not waited for: a reader may block for ever
	group  sync.WaitGroup
	errs   []error

	counting []*counting // see counted

	inputErr chan error

	closeAfterWait []*os.File // handed out by StdoutPipe and StderrPipe
}

// open makes the files that the command gets as 0, 1, 2 and so on.
func (p *pipes) open(c *Cmd) (files []*os.File, err error) {
	in, err := p.reader(c.Stdin)
	if err != nil {
		return nil, err
	}
	out, errOut, err := p.output(c)
	if err != nil {
		return nil, err
	}
	for fd, f := range []*os.File{in, out, errOut} {
		if err := noFolder(fd, f); err != nil {
			return nil, err
		}
	}
	return append([]*os.File{in, out, errOut}, c.ExtraFiles...), nil
}

// output opens the standard output and error.
func (p *pipes) output(c *Cmd) (out, errOut *os.File, err error) {
	for fd, to := range []io.Writer{c.Stdout, c.Stderr} {
		if f, ok := to.(*os.File); ok {
			if err := noFolder(1+fd, f); err != nil {
				return nil, nil, err
			}
		}
	}
	if c.watchesOutput() {
		return p.counted(c)
	}
	if out, err = p.writer(c.Stdout); err != nil || same(c.Stdout, c.Stderr) {
		return out, out, err
	}
	errOut, err = p.writer(c.Stderr)
	return out, errOut, err
}

// noFolder refuses a folder as a standard stream: all that is below it, and above,
// could be reached through it. Nobody means that; ExtraFiles are for those who do.
func noFolder(fd int, f *os.File) error {
	if f == nil {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return fmt.Errorf("file descriptor %d is a folder, through which the command would reach the host's files", fd)
	}
	return nil
}

// same reports whether two writers are one, so that writes to them do not race.
func same(a, b io.Writer) (equal bool) {
	defer func() { _ = recover() }() // types that cannot be compared are not the same
	return a != nil && a == b
}

func (p *pipes) null(flag int) (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		p.theirs = append(p.theirs, f)
	}
	return f, err
}

func (p *pipes) pipe() (r, w *os.File, err error) { return os.Pipe() }

func (p *pipes) reader(from io.Reader) (*os.File, error) {
	if from == nil {
		return p.null(os.O_RDONLY)
	}
	if f, ok := from.(*os.File); ok {
		return f, nil
	}
	r, w, err := p.pipe()
	if err != nil {
		return nil, err
	}
	p.theirs, p.ours = append(p.theirs, r), append(p.ours, w)
	p.input = append(p.input, func() error {
		_, err := io.Copy(w, from)
		w.Close()
		return err
	})
	return r, nil
}

func (p *pipes) writer(to io.Writer) (*os.File, error) {
	if to == nil {
		return p.null(os.O_WRONLY)
	}
	if f, ok := to.(*os.File); ok {
		return f, nil
	}
	r, w, err := p.pipe()
	if err != nil {
		return nil, err
	}
	p.theirs, p.ours = append(p.theirs, w), append(p.ours, r)
	p.copies = append(p.copies, func() error {
		_, err := io.Copy(to, r)
		r.Close() // if to fails, so does the command's next write
		return err
	})
	return w, nil
}

// close closes everything, when the command could not be started.
func (p *pipes) close() {
	for _, f := range slices.Concat(p.theirs, p.ours, p.closeAfterWait) {
		f.Close()
	}
}

// run closes what is the command's, which runs now, and copies.
func (p *pipes) run() {
	for _, f := range p.theirs {
		f.Close()
	}
	p.errs = make([]error, len(p.copies))
	for i, f := range p.copies {
		p.group.Go(func() { p.errs[i] = f() })
	}
	p.inputErr = make(chan error, len(p.input))
	for _, f := range p.input {
		go func() { p.inputErr <- f() }()
	}
}

// wait waits for the output to be copied, and closes the pipes that were handed out.
func (p *pipes) wait() error {
	p.group.Wait()
	for _, f := range p.closeAfterWait {
		f.Close()
	}
	for range p.input {
		select {
		case err := <-p.inputErr:
			p.errs = append(p.errs, err)
		default:
		}
	}
	for i, err := range p.errs { // a command that does not read its input is no error
		if errors.Is(err, unix.EPIPE) {
			p.errs[i] = nil
		}
	}
	return errors.Join(p.errs...)
}

// StdinPipe returns a pipe to the command's standard input. Close it to end the input.
func (c *Cmd) StdinPipe() (io.WriteCloser, error) {
	if c.Stdin != nil || c.process != nil {
		return nil, errors.New("sandbox: Stdin already set")
	}
	r, w, err := c.pipes.pipe()
	if err != nil {
		return nil, err
	}
	c.Stdin = r
	c.pipes.theirs = append(c.pipes.theirs, r)
	c.pipes.closeAfterWait = append(c.pipes.closeAfterWait, w)
	return w, nil
}

// StdoutPipe returns a pipe from the command's standard output. Wait closes it:
// read it to its end before.
func (c *Cmd) StdoutPipe() (io.ReadCloser, error) { return c.outputPipe("Stdout", &c.Stdout) }

// StderrPipe returns a pipe from the command's standard error. Wait closes it:
// read it to its end before.
func (c *Cmd) StderrPipe() (io.ReadCloser, error) { return c.outputPipe("Stderr", &c.Stderr) }

func (c *Cmd) outputPipe(name string, to *io.Writer) (io.ReadCloser, error) {
	if *to != nil || c.process != nil {
		return nil, errors.New("sandbox: " + name + " already set")
	}
	r, w, err := c.pipes.pipe()
	if err != nil {
		return nil, err
	}
	*to = w
	c.pipes.theirs = append(c.pipes.theirs, w)
	c.pipes.closeAfterWait = append(c.pipes.closeAfterWait, r)
	return r, nil
}
