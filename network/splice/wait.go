package splice

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// poll is an epoll instance. The pump's goroutine waits in epoll_wait(2) itself, with its thread:
// what it waits for it deals with there, and no other thread has to be woken for that. By Go's own
// poller, each event were a hand-over between threads.
type poll struct{ fd int }

func newPoll() (*poll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &poll{fd}, nil
}

func (p *poll) close() { unix.Close(p.fd) }

// add has wait tell of a descriptor, with the two numbers.
func (p *poll) add(fd int, events uint32, a, b int32) error {
	err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: a, Pad: b})
	return os.NewSyscallError("epoll_ctl", err)
}

// remove has wait tell no more of a descriptor.
func (p *poll) remove(fd int) error {
	err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil)
	return os.NewSyscallError("epoll_ctl", err)
}

// wait waits for events until a time; zero: without end.
func (p *poll) wait(events []unix.EpollEvent, until time.Time) ([]unix.EpollEvent, error) {
	ms := -1
	if !until.IsZero() {
		left := time.Until(until)
		ms = int(min(max(0, left+time.Millisecond-1), time.Hour) / time.Millisecond)
	}
	return p.ask(events, ms)
}

// look tells of the events that there are.
func (p *poll) look(events []unix.EpollEvent) ([]unix.EpollEvent, error) { return p.ask(events, 0) }

func (p *poll) ask(events []unix.EpollEvent, ms int) ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(p.fd, events, ms)
	if err != nil && err != unix.EINTR {
		return nil, os.NewSyscallError("epoll_wait", err)
	}
	return events[:max(n, 0)], nil
}
