package relay

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// connector makes connections from the host's side.
type connector struct {
	kind  int                        // SOCK_STREAM or SOCK_DGRAM
	check func(netip.AddrPort) error // sees each address right before it is connected to
}

// begin makes a socket and begins to connect it. A connection on this machine is ready at
// once as a rule; else it is not done, and the caller waits. Nothing blocks.
func (c *connector) begin(a netip.AddrPort) (fd int, done bool, err error) {
	fd, err = unix.Socket(family(a.Addr()), c.kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, false, fmt.Errorf("make a socket: %w", err)
	}
	if c.kind == unix.SOCK_STREAM && !a.Addr().IsLoopback() { // a server there does not vanish without a word
		keepAlive(fd)
	}
	if err := c.check(a); err != nil {
		unix.Close(fd)
		return -1, false, err
	}
	err = unix.Connect(fd, sockaddr(a))
	if err == unix.EINPROGRESS || err == unix.EINTR {
		done, err = connected(fd)
	} else {
		done = err == nil
	}
	if err != nil {
		unix.Close(fd)
		return -1, false, fmt.Errorf("connect to %s: %w", a, err)
	}
	return fd, done, nil
}

// connected reports whether a socket that was told to connect is connected, or failed.
func connected(fd int) (done bool, err error) {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	if err == unix.EINTR || err == nil && n == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if p[0].Revents == unix.POLLOUT {
		return true, nil
	}
	e, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return false, err
	}
	if e != 0 {
		return false, unix.Errno(e)
	}
	return true, nil
}

// wait waits until a socket of begin is connected, and returns the descriptor to use from
// then on; the other one is closed, also with an error.
func wait(ctx context.Context, fd int, a netip.AddrPort) (int, error) {
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	stop := context.AfterFunc(ctx, func() { f.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		var done bool
		done, failed = connected(int(fd))
		return done || failed != nil
	})
	switch {
	case ctx.Err() != nil:
		return -1, fmt.Errorf("connect to %s: %w", a, ended(ctx))
	case err != nil:
		return -1, fmt.Errorf("connect to %s: %w", a, err)
	case failed != nil:
		return -1, fmt.Errorf("connect to %s: %w", a, failed)
	}
	dup := -1
	if err := raw.Control(func(fd uintptr) {
		dup, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3)
	}); err != nil {
		return -1, err
	}
	if failed != nil {
		return -1, fmt.Errorf("connect to %s: %w", a, failed)
	}
	return dup, nil
}

// ended says of a context why it ended, in words for a log.
func ended(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded {
		return unix.ETIMEDOUT
	}
	return errClosed
}
