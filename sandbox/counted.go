package sandbox

import (
	"io"
	"os"
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
		p.copies = append(p.copies, func() error {
			err := c.pass(r, to)
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
func (c *Cmd) pass(r *os.File, to io.Writer) error {
	fd := int(r.Fd())
	unix.SetNonblock(fd, false)
	file, _ := to.(*os.File)
	splices := file != nil
	buf := make([]byte, 0)
	for {
		n, err := waiting(fd)
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

// waitOutput is wait, but of a command that a limit has ended not for long.
func (p *pipes) waitOutput(limited bool) error {
	if !limited {
		return p.wait()
	}
	done := make(chan error, 1)
	go func() { done <- p.wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(restOfOutput):
		return nil
	}
}
