package dns

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxFailures is how often in a row a socket may fail before it is given up.
const maxFailures = 100

// client is where a query came from.
type client struct {
	addr   net.Addr
	stream bool
	send   func([]byte)
	buf    []byte // for what is answered at once; empty

	// pending are the replies that are still to be sent.
	pending *sync.WaitGroup
}

// packets answers at a socket. What can be answered at once is answered here, so that
// a look-up under way delays nobody else.
func (s *Server) packets(c net.PacketConn) error {
	in, out := make([]byte, maxQuery), make([]byte, 0, maxReply)
	failures := 0
	for s.queries.wait(s.ctx) {
		n, from, err := c.ReadFrom(in)
		if err != nil {
			if s.isClosed() {
				return nil
			}
			if failures++; failures >= maxFailures || errors.Is(err, net.ErrClosed) {
				return err
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		failures = 0
		s.serve(in[:n], client{
			addr: from, buf: out, pending: &s.wg,
			send: func(msg []byte) { c.WriteTo(msg, from) },
		})
	}
	return nil
}

// serve answers one query, now or later. At most maxWaiting wait.
func (s *Server) serve(msg []byte, c client) {
	r, a, ok := read(msg, c.stream)
	switch {
	case !ok:
		return
	case a.rcode != 0:
		s.finish(&r, a, c)
		return
	}
	a, later := s.decide(&r)
	if later == nil {
		s.finish(&r, a, c)
		return
	}
	select {
	case s.waiting <- struct{}{}:
	default:
		s.finish(&r, failed(), c)
		return
	}
	c.buf = nil
	c.pending.Add(1)
	go func() {
		defer c.pending.Done()
		defer func() { <-s.waiting }()
		s.finish(&r, later(s.ctx), c)
	}()
}

func (s *Server) finish(r *request, a reply, c client) {
	if s.Log != nil {
		q := Query{Name: r.host, Type: r.question.Type, Verdict: a.verdict, Stream: c.stream}
		switch from := c.addr.(type) {
		case *net.UDPAddr:
			q.Client = unmapped(from.AddrPort())
		case *net.TCPAddr:
			q.Client = unmapped(from.AddrPort())
		}
		s.Log(q)
	}
	if out := r.pack(c.buf, a); out != nil {
		c.send(out)
	}
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
