package splice

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// interest is what epoll tells of a socket, once for each change.
const interest = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLPRI | unix.EPOLLET

// socket is one of a link's two.
type socket struct {
	fd       int
	err      syscall.Errno // it broke
	readable bool          // a read may give bytes, an end or an error
	writable bool          // a write may take bytes
	ended    bool          // the peer's FIN has come: it is behind all bytes

	// odd is a socket whose read may end before all that is there: a mark of urgent
	// data, messages with descriptors. It is read until EAGAIN, and not spliced.
	odd bool
}

// Prepare sets the options of a socket that pairs need: connections that break are found out, no
// byte waits for others to come. Urgent data stays where it is in the stream: else a byte that is
// not seen when Inspect looks could be there when it is read. What a listening socket has, those
// that it accepts have too.
func Prepare(fd int) error {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_OOBINLINE, 1)
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
}

func newSocket(fd int) socket { return socket{fd: fd, odd: Prepare(fd) != nil} }

// note takes what epoll says.
func (s *socket) note(events uint32) {
	if events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		s.readable = true
	}
	if events&(unix.EPOLLOUT|unix.EPOLLERR) != 0 {
		s.writable = true
	}
	if events&unix.EPOLLRDHUP != 0 {
		s.ended = true
	}
	if events&unix.EPOLLPRI != 0 {
		s.odd = true
	}
	if events&unix.EPOLLERR != 0 {
		if n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && n != 0 {
			s.fault(syscall.Errno(n))
		}
	}
}

// fault notes that the connection is broken, and why.
func (s *socket) fault(err syscall.Errno) {
	if s.err == 0 {
		s.err = err
	}
}

// receive reads into b. Without bytes: an end if err is 0.
func (s *socket) receive(b []byte, flags int) (int, syscall.Errno) {
	for {
		n, _, err := unix.Syscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(flags), 0, 0)
		if err == unix.EINTR {
			continue
		}
		if err != 0 {
			n = 0
		}
		switch {
		case err == unix.EAGAIN, err == 0 && int(n) < len(b) && n > 0 && !s.ended && !s.odd && s.err == 0 && flags == 0:
			s.readable = false // epoll(7): a short read has taken all
		}
		return int(n), err
	}
}

// send writes b, or as much of it as there is room for.
func (s *socket) send(b []byte) (int, syscall.Errno) {
	for {
		n, _, err := unix.Syscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
		if err == unix.EINTR {
			continue
		}
		if err != 0 {
			n = 0
		}
		if err == unix.EAGAIN || err == 0 && int(n) < len(b) {
			s.writable = false
		}
		return int(n), err
	}
}

// room guesses how many bytes the socket takes before it is full. What it takes counts
// with what the kernel needs around it, which is less than a fifth for bytes that come
// in bulk.
func (s *socket) room() int {
	size, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		return 0
	}
	queued, err := unix.IoctlGetInt(s.fd, unix.SIOCOUTQ)
	if err != nil {
		return 0
	}
	return (size - queued) / 5 * 4
}

// linger makes close send an RST; unix sockets have none.
func (s *socket) linger() {
	unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}
