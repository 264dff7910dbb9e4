package relay

import (
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/splice"
)

// patience is how long a connection waits for a place when there are too many. If none
// becomes free, it and those behind it are reset.
const patience = 250 * time.Millisecond

// retry is after how long a socket for which there is no descriptor is tried again.
const retry = 20 * time.Millisecond

// acceptor takes connections from a listening socket, in the goroutine of the pump: nothing here
// may wait.
type acceptor struct {
	relay     *Relay
	file      *os.File
	fd        int
	watch     *splice.Watch
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
	raw, err := a.file.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { a.fd = int(fd) })
	}
	if err != nil {
		return
	}
	r.acceptors = append(r.acceptors, a)
	splice.Prepare(a.fd)
	a.watch = r.pump.Watch(a.fd, a.next)
	a.watch.Resume()
}

// stop is called when the pump has ended. A socket of the namespace is not closed by the relay.
func (a *acceptor) stop() {
	if a.published != nil {
		a.file.Close()
	}
}

// next accepts one connection. The pump calls it again as long as there are more.
func (a *acceptor) next() {
	r := a.relay
	r.accepting.Add(1)
	defer r.accepting.Add(-1)
	if r.ctx.Err() != nil || !a.place() {
		return
	}
	fd, from, err := accept(a.fd)
	if err != nil {
		if !a.full {
			r.slots.give()
		}
		switch {
		case exhausted(err):
			a.exhausted()
		case err == unix.EBADF || err == unix.EINVAL || err == unix.ENOTSOCK:
			a.pause(time.Second) // it was closed or shut down; that ends with the relay
		}
		return // else of a connection that ended already: accept(2), "Error handling"
	}
	c := &conn{relay: r, client: fd, from: from, began: time.Now(), published: a.published}
	c.proto = network.TCP
	if a.full {
		c.lost(errFull)
		return
	}
	if a.published != nil {
		c.enter()
		return
	}
	to, err := a.original(fd)
	if err != nil {
		c.lost(err)
		r.slots.give()
		return
	}
	c.to = unmap(to)
	c.decide()
}

// place gets a place for the next connection, unless it is full. It reports false when the
// connection has to wait for one: the socket is not watched meanwhile.
func (a *acceptor) place() bool {
	switch {
	case a.relay.slots.try():
		a.full = false
	case !a.full:
		a.watch.Pause()
		a.relay.run(func() {
			if a.relay.slots.wait(a.relay.ctx, patience) {
				a.relay.slots.give() // next takes it
			} else {
				a.full = true
			}
			a.watch.Resume()
		})
		return false
	}
	return true
}

// pause stops to accept for a time.
func (a *acceptor) pause(d time.Duration) {
	a.watch.Pause()
	a.relay.run(func() {
		select {
		case <-a.relay.ctx.Done():
		case <-time.After(d):
		}
		a.watch.Resume()
	})
}

// exhausted resets a connection for which there is no descriptor: one is given up for a
// moment. Without that the connection would wait, and the pump spin.
func (a *acceptor) exhausted() {
	r := a.relay
	if !a.warned {
		a.warned = true
		r.warn("accept a connection of the sandbox: too many open files; it is reset")
	}
	r.spare.Lock()
	defer r.spare.Unlock()
	if r.spareFile >= 0 {
		unix.Close(r.spareFile)
	}
	fd, _, err := accept(a.fd)
	if err == nil {
		reset(fd)
		r.failed.Add(1)
	}
	if r.spareFile = spareFile(); err != nil || r.spareFile < 0 {
		a.pause(retry)
	}
}
