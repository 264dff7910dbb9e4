package seccomp

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// LoadListening appends what Load does, and returns the filter's listener, which is
// close-on-exec: whoever holds it answers where the filter says Notify.
// seccomp_unotify(2), Linux 5.0. EBUSY: an earlier filter has one, of which there can
// be one only.
func (p Program) LoadListening(to *launch.Program) *launch.Var {
	listener := to.Var("listener")
	p.load(to, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER).To(listener)
	return listener
}

// Listener is asked about the calls for which a filter says Notify. It is closed by
// Close, and used by one goroutine.
type Listener struct {
	fd   int
	stop int // an eventfd
	buf  notification
}

// notification is struct seccomp_notif.
type notification struct {
	id    uint64
	pid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	val   int64
	error int32
	flags uint32
}

// Asked is a call that waits for an answer.
type Asked struct {
	Call
	ID  uint64
	PID int // of the thread, as seen from here; 0: it is not
}

// NewListener takes a listener's file descriptor over.
func NewListener(fd int) (*Listener, error) {
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &Listener{fd: fd, stop: stop}, nil
}

// Next waits for the next call. Not ok: Stop was called, or nothing is left that is
// under the filter.
func (l *Listener) Next() (a Asked, ok bool) {
	for {
		fds := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN}, {Fd: int32(l.stop), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return a, false
		}
		if fds[1].Revents != 0 {
			return a, false
		}
		if fds[0].Revents&unix.POLLIN == 0 {
			if fds[0].Revents != 0 {
				return a, false
			}
			continue
		}
		l.buf = notification{} // the kernel wants it empty
		switch err := l.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&l.buf)); err {
		case nil:
		case unix.ENOENT, unix.EINTR: // killed meanwhile
			continue
		default:
			return a, false
		}
		n := &l.buf
		return Asked{
			Call: Call{Arch: archOf(n.arch, uint32(n.nr)), Number: uint32(n.nr), Args: n.args, IP: n.ip},
			ID:   n.id, PID: int(n.pid),
		}, true
	}
}

// Refuse has a call fail. It never lets one through: what the arguments point to can
// change until the kernel looks at it.
func (l *Listener) Refuse(id uint64, errno unix.Errno) error {
	r := response{id: id, error: -int32(errno)}
	err := l.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r))
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINPROGRESS) { // interrupted by a signal: it will be made again
		return nil
	}
	return err
}

// Waits reports whether the call still waits: if so, what was found out about its
// process by its number before is true.
func (l *Listener) Waits(id uint64) bool {
	return l.ioctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id)) == nil
}

func (l *Listener) ioctl(request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// Stop makes Next return, now and later. It may be called from any goroutine, before
// Close.
func (l *Listener) Stop() { unix.Write(l.stop, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

// Close closes the listener: what still waits, and whatever asks later, gets ENOSYS.
func (l *Listener) Close() {
	unix.Close(l.fd)
	unix.Close(l.stop)
}
