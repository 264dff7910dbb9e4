package dns

import (
	"context"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

var (
	localhost4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	localhost6 = netip.IPv6Loopback()
)

// decide says what a request is answered with. Where that needs to be found out
// outside, later is not nil: it blocks.
func (s *Server) decide(r *request) (a reply, later func(context.Context) reply) {
	name, t := r.host, r.question.Type
	if !answeredHere(t) && !forwardable(t) {
		return refused(), nil
	}
	if isArpa(name) {
		return s.decideReverse(r)
	}
	if !r.isHost {
		return noSuchName(NotAllowed), nil
	}
	if isLocalhost(name) {
		return s.present(r), nil
	}
	if s.Known == nil || !s.Known(name) {
		return noSuchName(NotAllowed), nil
	}
	given := s.Given != nil && s.Given(name)
	if s.Forward != nil && !given && forwardable(t) {
		return reply{}, s.forwarding(r)
	}
	if !answeredHere(t) {
		return refused(), nil
	}
	if given || s.Exists == nil || s.Pool.Has(name) {
		return s.present(r), nil
	}
	if state, ok := s.names.recall(name); ok {
		return s.byState(r, state), nil
	}
	return reply{}, func(context.Context) reply { return s.byState(r, s.lookup(name)) }
}

func (s *Server) byState(r *request, state Existence) reply {
	switch state {
	case Present:
		return s.present(r)
	case Absent:
		return noSuchName(NoSuchName)
	}
	return failed()
}

// present is the answer for a name that exists.
func (s *Server) present(r *request) reply {
	switch t := r.question.Type; {
	case t == dnsmessage.TypeALL:
		return r.any()
	case !answeredHere(t):
		return refused()
	case t == dnsmessage.TypeAAAA && s.NoIPv6:
		return noData()
	case t != dnsmessage.TypeA && t != dnsmessage.TypeAAAA:
		return noData()
	}
	v4, v6 := localhost4, localhost6
	if !isLocalhost(r.host) {
		var ok bool
		if v4, v6, ok = s.Pool.Addresses(r.host); !ok {
			return failed()
		}
	}
	if r.question.Type == dnsmessage.TypeA {
		return r.address(v4)
	}
	return r.address(v6)
}
