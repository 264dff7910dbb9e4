package splice

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poll is an epoll instance of the pump's own, which itself is one descriptor of Go's.
// The goroutine that waits for it costs no thread; it were one that blocks in
// epoll_wait(2), and each event then a hand-over between threads, which makes a short
// connection last twice as long.
type poll struct {
	fd       int
	file     *os.File
	raw      syscall.RawConn
	deadline time.Time
}

func newPoll() (*poll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // for NewFile: Go is to wait for it
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poll{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // fails if it does not
	}
	if err != nil {
		p.file.Close()
		return nil, fmt.Errorf("wait for epoll: %w", err)
	}
	return p, nil
}

// add has wait tell of a descriptor, with the two numbers.
func (p *poll) add(fd int, events uint32, a, b int32) error {
	err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: a, Pad: b})
	return os.NewSyscallError("epoll_ctl", err)
}

// wait waits for events until a time; zero: without end.
func (p *poll) wait(events []unix.EpollEvent, until time.Time) ([]unix.EpollEvent, error) {
	if !until.Equal(p.deadline) {
		p.deadline = until
		p.file.SetReadDeadline(until)
	}
	n := 0
	var failed error
	err := p.raw.Read(func(uintptr) bool {
		n, failed = unix.EpollWait(p.fd, events, 0)
		return n != 0 // without, wait until there are any
	})
	switch {
	case os.IsTimeout(err), failed == unix.EINTR:
		return nil, nil
	case failed != nil:
		return nil, os.NewSyscallError("epoll_wait", failed)
	case err != nil:
		return nil, err
	}
	return events[:n], nil
}

// look tells of the events that there are.
func (p *poll) look(events []unix.EpollEvent) ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(p.fd, events, 0)
	if err != nil && err != unix.EINTR {
		return nil, os.NewSyscallError("epoll_wait", err)
	}
	return events[:max(n, 0)], nil
}
