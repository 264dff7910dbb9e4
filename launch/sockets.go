package launch

import (
	"os"

	"golang.org/x/sys/unix"
)

// Socket is a socket to make, socket(2). It is close-on-exec.
type Socket struct{ Family, Type, Protocol int }

// MaxSockets is how many file descriptors the kernel takes in one message, SCM_MAX_FD of unix(7).
const MaxSockets = 253

// HandSockets appends, in a supervised program: make sockets in the process's network namespace, hand
// them to the caller (Attr.Sockets), and close them here. It is to be followed by AwaitForked, before
// which the caller may not be done with them. At most once a program, with at most MaxSockets.
func (p *Program) HandSockets(list []Socket) {
	if len(list) == 0 {
		return
	}
	p.sockets = len(list)
	p.Doing("make the sockets of the relay")
	size := unix.CmsgLen(4 * len(list))
	message := p.Data("sockets", size+4, size, unix.SOL_SOCKET|unix.SCM_RIGHTS<<32)
	at := func(i int) *Var { return message.At(16 + 4*i) } // a word: the next one overwrites its upper half
	for i, s := range list {
		p.Call(unix.SYS_SOCKET, s.Family, s.Type|unix.SOCK_CLOEXEC, s.Protocol).To(at(i))
	}
	p.Doing("hand the sockets of the relay to the supervisor")
	kind := p.Data("sockets_kind", 8, recordSockets)
	header := Words("msghdr", 0, 0, Words("iovec", kind.Addr(), 8), 1, message.Addr(), size, 0)
	p.Call(unix.SYS_SENDMSG, p.controlFD(), header, unix.MSG_NOSIGNAL)
	fd := p.Var("socket")
	for i := range list {
		p.And(fd, at(i), 0xffffffff)
		p.Close(fd)
	}
}

// takeSockets gives f the sockets, which are f's then.
func takeSockets(fds []int, want int, f func([]*os.File) error) error { return nil }
