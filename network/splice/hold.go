package splice

import (
	"github.com/usandbox/usandbox/network/sniff"
	"golang.org/x/sys/unix"
)

// mostLooks is how often Inspect may want more: it looks at all bytes again each time.
const mostLooks = 1000

// look shows Inspect what the client has sent, without taking it: until it passes, the
// kernel holds it, and the client's window fills. It reports whether it did anything.
func (p *Pump) look(l *link) bool {
	s := &l.sock[client]
	if !s.readable {
		return false
	}
	head := p.buffer[:sniff.Max]
	n, err := s.receive(head, unix.MSG_PEEK)
	if err == unix.EAGAIN {
		return false
	}
	s.readable = false // until there is more
	if err != 0 {
		p.end(l, client, err)
		return true
	}
	ended := n == 0 || s.ended && n < len(head)
	if n == l.seen && !ended {
		return false
	}
	l.seen = n
	l.looks++
	d, reason := l.inspect(head[:n:n], ended)
	switch {
	case d == sniff.Pass:
		l.inspect = nil
		l.held.remove()
		s.readable = true
	case d == sniff.Refuse:
		p.reset(l, Totals{End: Refused, Reason: reason})
	case ended:
		p.reset(l, Totals{End: Refused, Reason: "the client stopped before it was clear what it wants"})
	case l.looks >= mostLooks:
		p.reset(l, Totals{End: Refused, Reason: "the client said in too many pieces what it wants"})
	case l.held.link == nil:
		l.heldAt = p.now
		p.held.push(&l.held, l)
	}
	return true
}

// overdue resets the pairs whose client was held back for too long.
func (p *Pump) overdue() {
	for l := p.held.front(); l != nil && p.now.Sub(l.heldAt) >= p.limits.Hold; l = p.held.front() {
		p.reset(l, Totals{End: HoldTimeout, Reason: "the client did not say in time what it wants"})
	}
}
