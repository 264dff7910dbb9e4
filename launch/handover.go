package launch

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// HandOver appends, in the command of a supervised program: send a file descriptor to
// the caller (see [Process.TakeHandedOver]), and close it here. At most once a program.
func (p *Program) HandOver(fd *Var) {
	p.handsOver = true
	p.Doing("hand a file descriptor to the supervisor")
	kind := p.Data("handed_over", 8, recordHandedOver)
	message := p.Data("fd_message", 24, 20, unix.SOL_SOCKET|unix.SCM_RIGHTS<<32, 0)
	p.Add(message.At(16), fd, 0)
	header := Words("msghdr", 0, 0, Words("iovec", kind.Addr(), 8), 1, message.Addr(), 24, 0)
	p.Call(unix.SYS_SENDMSG, p.controlFD(), header, unix.MSG_NOSIGNAL)
	p.Close(fd)
}

// TakeHandedOver is the file descriptor of Program.HandOver, close-on-exec and the
// taker's to close; -1: there is none, or it was taken before.
func (p *Process) TakeHandedOver() int {
	p.ended.Lock()
	defer p.ended.Unlock()
	fd := p.handedOver
	p.handedOver = -1
	return fd
}

// receiveFDs reads the messages with the command's pidfd and with what it hands over, in
// whichever order they come. An image that was killed before it could send one is no
// error: Wait tells how it ended.
func (p *Process) receiveFDs() error {
	pidfd, handedOver := !p.img.pidfd || p.pidfd >= 0, !p.img.handsOver
	for !pidfd || !handedOver {
		kind, fd, err := p.receiveFD()
		switch {
		case err != nil || fd < 0:
			return err
		case kind == recordPidfd && !pidfd:
			p.pidfd, pidfd = fd, true
		case kind == recordHandedOver && !handedOver:
			p.handedOver, handedOver = fd, true
		default:
			unix.Close(fd)
			return fmt.Errorf("BUG: launch: a message with a file descriptor, of kind %d", kind)
		}
	}
	return nil
}

// receiveFD reads one message with a file descriptor; -1: there is none any more.
func (p *Process) receiveFD() (kind uint64, fd int, err error) {
	kind, fds, err := p.receiveRights(1)
	if err != nil || len(fds) == 0 {
		return 0, -1, err
	}
	return kind, fds[0], nil
}
