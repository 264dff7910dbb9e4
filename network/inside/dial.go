package inside

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// Dial connects to a port of the sandbox's own 127.0.0.1, and if nothing listens there of ::1.
// The file descriptor does not block, and is the caller's. For UDP it is a connected socket,
// to 127.0.0.1.
func (n *Namespace) Dial(ctx context.Context, proto network.Protocol, port uint16) (fd int, err error) {
	kind := stream
	if proto == network.UDP {
		kind = datagram
	}
	fd, err = n.dial(ctx, kind, netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
	if errors.Is(err, unix.ECONNREFUSED) {
		if six, second := n.dial(ctx, kind, netip.IPv6Loopback(), port); second == nil {
			return six, nil
		}
	}
	return fd, err
}

func (n *Namespace) dial(ctx context.Context, kind int, a netip.Addr, port uint16) (fd int, err error) {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return -1, net.ErrClosed
	}
	fd, err = n.agentSocket(Socket{Family: int(family(a)), Type: kind})
	n.mu.Unlock()
	if err != nil {
		return -1, err
	}
	if err = connect(ctx, fd, address(a, port)); err != nil {
		unix.Close(fd)
		return -1, failed("connect in the sandbox", err)
	}
	return fd, nil
}

// connect connects a socket that does not block. In a namespace of one machine that is a
// matter of a moment, unless the listener's queue is full.
func connect(ctx context.Context, fd int, to unix.Sockaddr) error {
	err := unix.Connect(fd, to)
	if err != unix.EINPROGRESS && err != unix.EINTR {
		return err
	}
	const step = 20 // ms
	for ctx.Err() == nil {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		if ready, err := unix.Poll(poll, step); err != nil && err != unix.EINTR {
			return err
		} else if ready <= 0 {
			continue
		}
		errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && errno != 0 {
			err = unix.Errno(errno)
		}
		return err
	}
	return ctx.Err()
}
