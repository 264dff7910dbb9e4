package dns

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// maxFailures is how often in a row a socket may fail before it is given up.
const maxFailures = 100

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
		s.serve(in[:n], from, false, out, func(msg []byte) { c.WriteTo(msg, from) }, s.waiting)
	}
	return nil
}

// serve answers one query by send, now or later. At most as many wait as there is room
// in the channel.
func (s *Server) serve(msg []byte, from net.Addr, stream bool, buf []byte, send func([]byte), waiting chan struct{}) {
	r, rcode, ok := read(msg, stream)
	if !ok {
		return
	}
	if rcode != 0 {
		a := reply{rcode: rcode, verdict: Malformed}
		if rcode == dnsmessage.RCodeRefused {
			a.verdict = Denied
		}
		s.finish(&r, a, from, stream, buf, send)
		return
	}
	a, later := s.decide(&r)
	if later != nil {
		select {
		case waiting <- struct{}{}:
			s.wg.Add(1)
			go func() {
				defer s.wg.Done()
				defer func() { <-waiting }()
				s.finish(&r, later(s.ctx), from, stream, nil, send)
			}()
			return
		default:
			a = failed()
		}
	}
	s.finish(&r, a, from, stream, buf, send)
}

func (s *Server) finish(r *request, a reply, from net.Addr, stream bool, buf []byte, send func([]byte)) {
	if s.Log != nil {
		q := Query{Name: r.host, Type: r.question.Type, Verdict: a.verdict, Stream: stream}
		switch from := from.(type) {
		case *net.UDPAddr:
			q.Client = unmapped(from.AddrPort())
		case *net.TCPAddr:
			q.Client = unmapped(from.AddrPort())
		}
		s.Log(q)
	}
	if out := r.pack(buf[:0], a); out != nil {
		send(out)
	}
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

