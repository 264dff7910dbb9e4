package launch

import (
	"encoding/binary"
	"fmt"
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

// receiveFirst takes what init hands over before the gate: the master of the terminal, and
// the sockets, in whichever order they come, and gives them to the caller. An image that
// failed before it could send them is no error here: its status says more.
func (p *Process) receiveFirst(attr *Attr) error {
	terminal, sockets := p.img.terminal, p.img.sockets > 0
	for terminal || sockets {
		kind, fds, err := p.receiveRights(p.img.sockets)
		switch {
		case err != nil || len(fds) == 0:
			return err
		case kind == recordPidfd && len(fds) == 1: // of a command that is PID 1, or waits for its init
			p.pidfd = fds[0]
		case kind == recordTerminal && len(fds) == 1 && terminal:
			terminal = false
			err = attr.Terminal(os.NewFile(uintptr(fds[0]), "/dev/ptmx"))
		case kind == recordSockets && len(fds) == p.img.sockets && sockets:
			sockets = false
			err = attr.Sockets(socketFiles(fds))
		default:
			closeAll(fds)
			return fmt.Errorf("BUG: launch: a message with %d file descriptors, of kind %d", len(fds), kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func socketFiles(fds []int) []*os.File {
	files := make([]*os.File, len(fds))
	for i, fd := range fds {
		files[i] = os.NewFile(uintptr(fd), "socket of the sandbox")
	}
	return files
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// receiveRights reads one message with at most room file descriptors, or one; none: there
// is no message any more. What is told of an account meanwhile is kept.
func (p *Process) receiveRights(room int) (kind uint64, fds []int, err error) {
	var msg [8 + ioBytes]byte
	oob := make([]byte, unix.CmsgSpace(4*max(room, 1)))
	var n, oobn, flags int
	for {
		_, err = ignoringEINTR(func() (_ int, err error) {
			n, oobn, flags, _, err = unix.Recvmsg(p.control, msg[:], oob, unix.MSG_CMSG_CLOEXEC)
			return n, err
		})
		if err != nil || oobn > 0 || n == 0 || !p.note(msg[:n]) {
			break
		}
	}
	if err != nil || oobn == 0 && flags&unix.MSG_CTRUNC == 0 { // outer's last record has none
		return 0, nil, nil
	}
	if list, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil && len(list) == 1 {
		fds, _ = unix.ParseUnixRights(&list[0])
	}
	switch {
	case flags&unix.MSG_CTRUNC != 0:
		closeAll(fds)
		return 0, nil, fmt.Errorf("take what the sandbox hands over: %w", unix.EMFILE)
	case n != 8 || len(fds) == 0:
		closeAll(fds)
		return 0, nil, fmt.Errorf("BUG: launch: a message of %d bytes without its file descriptors", n)
	}
	return binary.LittleEndian.Uint64(msg[:8]), fds, nil
}
