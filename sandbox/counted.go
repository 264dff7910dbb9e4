package sandbox

import (
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// mostAtOnce is how much is moved at once: what a pipe holds by default.
const mostAtOnce = 64 << 10

// counted opens the standard output and error of a command whose output is counted: pipes,
// whose contents go on to where they were to go. If both are one file, there is one pipe, so
// that the order stays.
func (p *pipes) counted(c *Cmd) (out, errOut *os.File, err error) {
	open := func(to io.Writer) (*os.File, error) {
		if to == nil && c.Terminal != nil { // until it is the terminal
			return p.null(os.O_WRONLY)
		}
		r, w, err := p.pipe()
		if err != nil {
			return nil, err
		}
		p.theirs, p.ours = append(p.theirs, w), append(p.ours, r)
		x := &counting{r: r}
		p.counting = append(p.counting, x)
		p.copies = append(p.copies, func() error {
			err := c.pass(x, to)
			r.Close() // the command's next write fails
			return err
		})
		return w, nil
	}
	if out, err = open(c.Stdout); err != nil || same(c.Stdout, c.Stderr) || sameFile(c.Stdout, c.Stderr) {
		return out, out, err
	}
	errOut, err = open(c.Stderr)
	return out, errOut, err
}

// counting is a pipe whose contents are counted.
type counting struct {
	r     *os.File    // closed when nothing more is passed on
	moves atomic.Bool // something was taken out, and is not written yet
}

// drained reports whether all of it was passed on that is in the pipe, or nothing more will be.
func (x *counting) drained() bool {
	conn, err := x.r.SyscallConn()
	n := 0
	if err == nil {
		err = conn.Control(func(fd uintptr) {
			n, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
		})
	}
	return err != nil || n == 0 && !x.moves.Load() // an error: it is closed
}

// sameFile reports whether two writers are one open file, or one pipe, socket or terminal.
func sameFile(a, b io.Writer) bool {
	f, ok := a.(*os.File)
	g, ok2 := b.(*os.File)
	if !ok || !ok2 || f == nil || g == nil {
		return false
	}
	var s, t unix.Stat_t
	if unix.Fstat(int(f.Fd()), &s) != nil || unix.Fstat(int(g.Fd()), &t) != nil || s.Dev != t.Dev || s.Ino != t.Ino {
		return false
	}
	if s.Mode&unix.S_IFMT != unix.S_IFREG {
		return true
	}
	const kcmpFile = 0
	self := uintptr(os.Getpid())
	r, _, errno := unix.Syscall6(unix.SYS_KCMP, self, self, kcmpFile, f.Fd(), g.Fd(), 0)
	return errno == 0 && r == 0
}

// pass moves what comes out of a pipe to where it is to go, as far as the limit allows.
func (c *Cmd) pass(x *counting, to io.Writer) error {
	fd := int(x.r.Fd())
	unix.SetNonblock(fd, false)
	file, _ := to.(*os.File)
	splices := file != nil
	buf := make([]byte, 0)
	for {
		x.moves.Store(false)
		n, err := waiting(fd)
		x.moves.Store(true)
		if err != nil || n == 0 {
			return err
		}
		pass := c.Printed(min(n, mostAtOnce))
		if pass == 0 {
			return nil
		}
		for pass > 0 {
			moved := 0
			if splices {
				moved, err = splice(fd, int(file.Fd()), pass)
				if splices = err != unix.EINVAL && err != unix.ENOSYS; !splices {
					continue
				}
			} else {
				if len(buf) == 0 {
					buf = make([]byte, mostAtOnce)
				}
				moved, err = unix.Read(fd, buf[:pass])
				if err == nil && to != nil {
					err = writeAll(to, buf[:moved])
				}
			}
			if err == unix.EINTR {
				continue
			}
			if err != nil || moved == 0 {
				return err
			}
			pass -= moved
		}
	}
}

// waiting waits until there is something in a pipe, and returns how much. 0: its end.
func waiting(fd int) (int, error) {
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return 0, os.NewSyscallError("poll", err)
		}
		n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
		if err != nil {
			return 0, os.NewSyscallError("ioctl", err)
		}
		if n > 0 || fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0 {
			return n, nil
		}
	}
}

// splice moves at most n bytes from a pipe to a file, without copying them where the kernel
// can, splice(2). EINVAL: the file cannot take them so, as one that is opened to append.
func splice(from, to, n int) (int, error) {
	moved, err := unix.Splice(from, nil, to, nil, n, unix.SPLICE_F_MOVE)
	if err == unix.EAGAIN { // somebody has made it non-blocking
		unix.Poll([]unix.PollFd{{Fd: int32(to), Events: unix.POLLOUT}}, -1)
		err = unix.EINTR
	}
	return int(moved), err
}

// writeAll writes all of b, to a file without the detour that ends the process for a broken pipe.
func writeAll(to io.Writer, b []byte) error {
	file, ok := to.(*os.File)
	if !ok {
		_, err := to.Write(b)
		return err
	}
	for len(b) > 0 {
		n, err := unix.Write(int(file.Fd()), b)
		switch err {
		case nil:
			b = b[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			unix.Poll([]unix.PollFd{{Fd: int32(file.Fd()), Events: unix.POLLOUT}}, -1)
		default:
			return err
		}
	}
	return nil
}

// restOfOutput is how long the output of a command that a limit has ended may take to be
// written: its reader may have stopped to read.
const restOfOutput = 2 * time.Second

// waitOutput is wait, but of a command that a limit has ended not for long. Nobody is waited for who
// has got hold of a counted pipe and is not in the sandbox, in which nothing is left now: what is in the
// pipe is all that there is.
func (p *pipes) waitOutput(limited bool) error {
	if !limited && len(p.counting) == 0 {
		return p.wait()
	}
	done := make(chan error, 1)
	go func() { done <- p.wait() }()
	var over <-chan time.Time
	if limited {
		over = time.After(restOfOutput)
	}
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-over:
			return nil
		case <-look.C:
			if len(p.counting) > 0 && !slices.ContainsFunc(p.counting, func(x *counting) bool { return !x.drained() }) {
				return nil
			}
		}
	}
}
