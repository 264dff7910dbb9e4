package relay

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// What a flow keeps until it is connected: more is dropped, as networks do.
const (
	maxQueued      = 8
	maxQueuedBytes = 12 << 10
)

// flow is the datagrams between a client and an address. It has a socket of its own outside,
// so that only answers from there come back.
type flow struct {
	target
	key       flowKey
	flows     *flows
	published *network.Published // nil: of the sandbox
	began     time.Time
	last      atomic.Int64 // when there was a datagram, in nanoseconds since 1970
	out, in   atomic.Uint64

	mu     sync.Mutex
	queue  [][]byte
	queued int
	file   *os.File // nil: not connected yet
	raw    syscall.RawConn
	ended  bool

	connecting bool // or connected
}

type flowKey struct {
	packet     Packet
	client, to netip.AddrPort
}

// send sends a datagram to where the flow leads.
func (f *flow) send(b []byte) {
	f.last.Store(time.Now().UnixNano())
	f.mu.Lock()
	raw := f.raw
	if raw == nil && !f.ended && len(f.queue) < maxQueued && f.queued+len(b) <= maxQueuedBytes {
		f.queue = append(f.queue, append([]byte(nil), b...))
		f.queued += len(b)
	}
	f.mu.Unlock()
	if raw != nil {
		f.write(raw, b)
	}
}

// write sends, or drops what the socket has no room for.
func (f *flow) write(raw syscall.RawConn, b []byte) {
	raw.Write(func(fd uintptr) bool {
		if _, err := unix.Write(int(fd), b); err == nil {
			f.out.Add(uint64(len(b)))
		}
		return true
	})
}

// serve connects the flow, and carries answers until it ends.
func (f *flow) serve() {
	r := f.flows.relay
	f.mu.Lock()
	f.connecting = true
	f.mu.Unlock()
	fd, err := f.connect()
	var refused *network.RefusedError
	switch {
	case errors.As(err, &refused):
		f.verdict = refusal(err)
		f.deny()
		return
	case err != nil:
		f.end(wordFailed, err.Error())
		return
	}
	unix.SetNonblock(fd, true)
	file := os.NewFile(uintptr(fd), "flow")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		f.end(wordFailed, err.Error())
		return
	}
	f.mu.Lock()
	if f.ended {
		f.mu.Unlock()
		file.Close()
		return
	}
	f.file = file
	f.mu.Unlock()
	if f.published == nil {
		if v := r.again(&f.target); !v.Allowed {
			f.verdict = v
			f.deny()
			return
		}
	}
	f.flush(raw)
	for {
		if err := raw.Read(f.receive); err != nil {
			f.end(wordAllowed, "")
			return
		}
	}
}

// waits reports whether there are datagrams that will be sent.
func (f *flow) waits() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.published == nil && f.connecting && !f.ended && len(f.queue) > 0
}

// flush sends what waited, in order, before what comes now.
func (f *flow) flush(raw syscall.RawConn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.queue {
		f.write(raw, b)
	}
	f.queue, f.raw = nil, raw
}

func (f *flow) connect() (fd int, err error) {
	r := f.flows.relay
	ctx, cancel := context.WithTimeout(r.ctx, r.limits.DialTimeout)
	defer cancel()
	if f.published != nil {
		return r.inside.Dial(ctx, network.UDP, f.published.Port)
	}
	fd, a, err := r.connect(ctx, &f.target)
	if err == nil {
		f.mu.Lock()
		f.dialled = a
		f.mu.Unlock()
	}
	return fd, err
}

// receive carries one datagram to the client. It returns false if there is none.
func (f *flow) receive(fd uintptr) bool {
	b := f.flows.buffers.get()
	defer f.flows.buffers.put(b)
	n, err := unix.Read(int(fd), *b)
	switch {
	case err == unix.EAGAIN:
		return false
	case err != nil:
		return true // an answer of ICMP: nothing listens there, say
	}
	f.last.Store(time.Now().UnixNano())
	if f.key.packet.WriteTo((*b)[:n], f.key.to, f.key.client) == nil {
		f.in.Add(uint64(n))
	}
	return true
}

// deny ends the flow as one that is not allowed.
func (f *flow) deny() {
	f.flows.refuse(f)
	f.end(wordDenied, f.verdict.Reason)
}

// end ends the flow, once.
func (f *flow) end(word, reason string) {
	f.mu.Lock()
	if f.ended {
		f.mu.Unlock()
		return
	}
	f.ended = true
	f.queue = nil
	file := f.file
	f.mu.Unlock()
	if file != nil {
		file.Close()
	}
	f.flows.remove(f)
	r := f.flows.relay
	out, in := f.out.Load(), f.in.Load()
	if f.published != nil {
		out, in = in, out // the client is outside
	}
	r.count(word, out, in)
	f.log(word, reason, "", out, in)
}

func (f *flow) log(word, reason, program string, out, in uint64) {
	r := f.flows.relay
	if f.published != nil {
		r.log.add(f.recordIn(f.key.client, f.published.Port, word, reason, out, in, f.began))
		return
	}
	record := f.record(word, reason, out, in, f.began)
	record.Program = program
	r.log.add(record)
}
