package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// requests is the caller's end of the request socket of an enterable program.
type requests struct {
	fd int

	asking   sync.Mutex // held from a request to its answer, and to close fd
	ended    bool
	silent   bool // init has not answered once: what it says later is nobody's
	answered chan *Entered

	known sync.Mutex
	by    map[int]*Entered // process ids in the sandbox's namespace
}

// openRequests makes the request socket and returns init's end of it.
func (p *Process) openRequests() (*os.File, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	p.requests = &requests{fd: pair[0], answered: make(chan *Entered, 1), by: map[int]*Entered{}}
	return os.NewFile(uintptr(pair[1]), "requests"), nil
}

// closeRequests is for an image that was not started.
func (p *Process) closeRequests() {
	if p.requests != nil {
		unix.Close(p.requests.fd)
	}
}

// Entered is a program that was started in a running sandbox.
type Entered struct {
	pid   int
	pidfd int

	changed chan unix.WaitStatus
	closing sync.Mutex // held to use or close pidfd
}

// Enter starts an image in the running sandbox, which is enterable: as a child of its
// init, in a process group of its own, or a session, with the files as standard
// streams. The image is made by [NewStandalone], and says itself what it cannot do.
func (p *Process) Enter(img *Image, files [3]*os.File, session bool) (*Entered, error) {
	r := p.requests
	if r == nil {
		return nil, errors.New("the sandbox cannot be entered")
	}
	memfd, err := img.memfd()
	if err != nil {
		return nil, err
	}
	defer unix.Close(memfd)
	fds := []int{memfd}
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	switch {
	case r.ended:
		return nil, os.ErrProcessDone
	case r.silent:
		return nil, errSilent
	}
	kind := make([]byte, 8)
	if session {
		kind[0] = requestSession
	}
	switch err := unix.Sendmsg(r.fd, kind, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL); err {
	case nil:
	case unix.EPIPE, unix.ECONNRESET: // it has ended just now
		return nil, os.ErrProcessDone
	default:
		return nil, fmt.Errorf("ask the sandbox's init: %w", err)
	}
	select {
	case e, ok := <-r.answered:
		switch {
		case !ok:
			return nil, os.ErrProcessDone
		case e == nil:
			return nil, errors.New("the sandbox's init cannot fork: there are too many processes or file descriptors")
		}
		return e, nil
	case <-time.After(answerWithin):
		r.silent = true
		return nil, errSilent
	}
}

// answerWithin is how long init may take to fork.
const answerWithin = 10 * time.Second

var errSilent = errors.New("the sandbox's init does not answer")

// read takes init's answers until init is gone.
func (r *requests) read() {
	defer r.end()
	var msg [enteredBytes]byte
	oob := make([]byte, unix.CmsgSpace(4))
	for {
		var n, oobn int
		_, err := ignoringEINTR(func() (_ int, err error) {
			n, oobn, _, _, err = unix.Recvmsg(r.fd, msg[:], oob, unix.MSG_CMSG_CLOEXEC)
			return n, err
		})
		if err != nil || n < 16 {
			return
		}
		pid := int(binary.LittleEndian.Uint64(msg[8:]))
		switch binary.LittleEndian.Uint64(msg[:]) {
		case enteredPidfd:
			if pid == 0 {
				r.answer(nil)
				continue
			}
			e := &Entered{pid: pid, pidfd: passedFD(oob[:oobn]), changed: make(chan unix.WaitStatus, 16)}
			r.known.Lock()
			r.by[pid] = e
			r.known.Unlock()
			r.answer(e)
		case enteredEnded:
			ws := unix.WaitStatus(binary.LittleEndian.Uint32(msg[16:]))
			r.known.Lock()
			e := r.by[pid]
			if e != nil && !ws.Stopped() {
				delete(r.by, pid)
			}
			r.known.Unlock()
			if e != nil {
				e.tell(ws)
			}
		}
	}
}

// answer is for the one who waits; a late one is for nobody.
func (r *requests) answer(e *Entered) {
	select {
	case r.answered <- e:
	default:
	}
}

// end is the end of the sandbox: whatever was entered has been killed.
func (r *requests) end() {
	close(r.answered) // whoever waits gives asking back
	r.known.Lock()
	for _, e := range r.by {
		e.tell(unix.WaitStatus(unix.SIGKILL))
	}
	r.known.Unlock()
	r.asking.Lock()
	defer r.asking.Unlock()
	r.ended = true
	unix.Close(r.fd)
}

// passedFD is the file descriptor in a control message; -1: none.
func passedFD(oob []byte) int {
	if list, err := unix.ParseSocketControlMessage(oob); err == nil && len(list) == 1 {
		if fds, err := unix.ParseUnixRights(&list[0]); err == nil && len(fds) == 1 {
			return fds[0]
		}
	}
	return -1
}

// tell passes a change on. Of stops that nobody asks for, the later are dropped.
func (e *Entered) tell(ws unix.WaitStatus) {
	if !ws.Stopped() {
		e.closing.Lock()
		unix.Close(e.pidfd)
		e.pidfd = -1
		e.closing.Unlock()
		for len(e.changed) == cap(e.changed) {
			<-e.changed
		}
		e.changed <- ws
		close(e.changed)
		return
	}
	select {
	case e.changed <- ws:
	default:
	}
}

// Changes are the program's stops and, as the last, its end.
func (e *Entered) Changes() <-chan unix.WaitStatus { return e.changed }

// Signal sends a signal to the program, or to its process group.
// os.ErrProcessDone after its end.
func (e *Entered) Signal(sig unix.Signal, group bool) error {
	e.closing.Lock()
	defer e.closing.Unlock()
	if e.pidfd < 0 {
		return os.ErrProcessDone
	}
	return signalPidfd(e.pidfd, sig, group)
}
