package relay

import (
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// patience is how long a connection waits for a place when there are too many. If none
// becomes free, it and those behind it are reset.
const patience = 250 * time.Millisecond

// acceptor takes connections from a listening socket.
type acceptor struct {
	relay     *Relay
	file      *os.File
	original  func(fd int) (netip.AddrPort, error) // nil for a published port
	published *network.Published
	full      bool // there was no place for the last one
	warned    bool
}

func (r *Relay) accept(a *acceptor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.acceptLocked(a)
	}
}

func (r *Relay) acceptLocked(a *acceptor) {
	r.acceptors = append(r.acceptors, a)
	r.run(a.serve)
}

// stop wakes serve. A socket of the namespace is not closed by the relay.
func (a *acceptor) stop() {
	a.file.SetReadDeadline(time.Unix(1, 0))
	if a.published != nil {
		a.file.Close()
	}
}

func (a *acceptor) serve() {
	raw, err := a.file.SyscallConn()
	if err != nil {
		return
	}
	for {
		err := raw.Read(func(fd uintptr) bool { return a.next(int(fd)) })
		if err != nil || a.relay.ctx.Err() != nil {
			return
		}
	}
}

// next accepts one connection. It returns false if none waits.
func (a *acceptor) next(listener int) bool {
	r := a.relay
	r.accepting.Add(1)
	defer r.accepting.Add(-1)
	fd, from, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	switch {
	case err == nil:
	case err == unix.EAGAIN:
		return false
	case exhausted(err):
		a.exhausted(listener)
		return true
	case err == unix.EBADF || err == unix.EINVAL || err == unix.ENOTSOCK:
		select { // it was closed or shut down; serve ends with the relay
		case <-r.ctx.Done():
		case <-time.After(time.Second):
		}
		return true
	default:
		return true // of a connection that ended already: accept(2), "Error handling"
	}
	c := &conn{relay: r, client: fd, from: addrPort(from), began: time.Now(), published: a.published}
	c.proto = network.TCP
	if !a.place() {
		c.lost(errFull)
		return true
	}
	if a.published != nil {
		c.enter()
		return true
	}
	to, err := a.original(fd)
	if err != nil {
		c.lost(err)
		r.slots.give()
		return true
	}
	c.to = unmap(to)
	c.decide()
	return true
}

// place gets a place for a connection.
func (a *acceptor) place() bool {
	s := a.relay.slots
	switch {
	case s.try():
		a.full = false
	case a.full || !s.wait(a.relay.ctx, patience):
		a.full = true
		return false
	}
	return true
}

// exhausted resets a connection for which there is no descriptor: one is given up for a
// moment. Without that the connection would wait, and this loop spin.
func (a *acceptor) exhausted(listener int) {
	r := a.relay
	if !a.warned {
		a.warned = true
		r.warn("accept a connection of the sandbox: too many open files; it is reset")
	}
	r.spare.Lock()
	defer r.spare.Unlock()
	if f := r.spareFile; f != nil {
		f.Close()
		r.spareFile = nil
	}
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err == nil {
		reset(fd)
		r.failed.Add(1)
	}
	if r.spareFile = spareFile(); err != nil || r.spareFile == nil {
		time.Sleep(20 * time.Millisecond)
	}
}
