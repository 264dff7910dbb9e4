package relay

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// How long Drain waits: as long as bytes move, but not for ever.
const (
	drainIdle = time.Second
	drainMost = 5 * time.Second
	drainTick = time.Millisecond
)

// Drain waits until what the programs in the sandbox sent before they ended is passed on, as the
// kernel does it for a program that has ended; a little while, if a peer takes it slowly. All
// programs have to have ended. Close is to be called next.
func (r *Relay) Drain(ctx context.Context) {
	if r.quiet() {
		return
	}
	r.pump.Drain()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	begun := time.Now()
	moved, last := r.pump.Moved(), begun
	for !r.quiet() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		if n := r.pump.Moved(); n != moved {
			moved, last = n, now
		}
		if now.Sub(last) >= drainIdle || now.Sub(begun) >= drainMost {
			return
		}
	}
}

// quiet reports whether nothing of the sandbox is on its way. It looks in the order in which
// connections go from place to place: none is missed.
func (r *Relay) quiet() bool {
	return !r.knocks() && r.accepting.Load() == 0 && !r.waiting.any() &&
		!slices.ContainsFunc(r.flows.all(), (*flow).waits) && r.pump.Stats().Pairs == 0
}

// knocks reports whether connections wait to be accepted.
func (r *Relay) knocks() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := false
	for _, a := range r.acceptors {
		raw, err := a.file.SyscallConn()
		if err != nil || a.published != nil {
			continue
		}
		raw.Control(func(fd uintptr) {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
			found = found || err == nil && n > 0
		})
	}
	return found
}

// waiting are the connections that are being dialled, with what was accepted; -1: the pump is
// about to get it.
type waiting struct {
	mu    sync.Mutex
	conns map[*conn]int
}

func (w *waiting) add(c *conn, client int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		w.conns = make(map[*conn]int)
	}
	w.conns[c] = client
}

// remove has to come before the descriptor is closed.
func (w *waiting) remove(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
}

// any reports whether any of them has sent something.
func (w *waiting) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b [1]byte
	for _, client := range w.conns {
		if client < 0 {
			return true
		}
		if n, _, err := unix.Recvfrom(client, b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT); err == nil && n > 0 {
			return true
		}
	}
	return false
}
