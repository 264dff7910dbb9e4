package terminal

import (
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// descriptor is a file descriptor of the relay's own for a file of the caller's.
type descriptor struct {
	fd          int
	nonblocking bool
}

// own opens a terminal once more, so that it can be read and written without
// blocking. Where that cannot be done (it is another user's, it is no terminal), the
// descriptor is a copy, which may block: the flags belong to the caller, too.
func own(f *os.File, access int) (descriptor, error) {
	fd := int(f.Fd())
	if Is(f) {
		again, err := unix.Open("/proc/self/fd/"+strconv.Itoa(fd), access|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			if same(fd, again) {
				return descriptor{again, true}, nil
			}
			unix.Close(again)
		}
	}
	fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return descriptor{fd, false}, os.NewSyscallError("fcntl", err)
}

func same(a, b int) bool {
	var x, y unix.Stat_t
	return unix.Fstat(a, &x) == nil && unix.Fstat(b, &y) == nil && x.Rdev == y.Rdev && x.Ino == y.Ino && x.Dev == y.Dev
}

// read and write do not tell the Go scheduler where they cannot block, which saves
// it work for each 4 KiB, all that a pseudo-terminal gives at once.
func (d descriptor) read(b []byte) (int, error) {
	return d.call(unix.SYS_READ, b)
}

func (d descriptor) write(b []byte) (int, error) {
	return d.call(unix.SYS_WRITE, b)
}

func (d descriptor) call(nr uintptr, b []byte) (int, error) {
	for {
		var n uintptr
		var errno unix.Errno
		if d.nonblocking {
			n, _, errno = unix.RawSyscall(nr, uintptr(d.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		} else {
			n, _, errno = unix.Syscall(nr, uintptr(d.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		}
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// await waits until one of two descriptors is ready (or has failed), and tells
// whether each is. A negative time is without end.
func await(fd int, events int16, wake, milliseconds int) (ready, woken bool) {
	fds := [2]unix.PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(wake), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(fds[:], milliseconds); err != unix.EINTR {
			return fds[0].Revents != 0, fds[1].Revents != 0
		}
	}
}
