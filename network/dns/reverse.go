package dns

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	arpa4 = ".in-addr.arpa"
	arpa6 = ".ip6.arpa"
)

// isArpa reports whether a name is in the trees of addresses, or one of those by which
// clients ask for properties of their resolver, RFC 7050 and 9462. No rule counts for
// these.
func isArpa(name string) bool {
	if !strings.HasSuffix(name, "arpa") {
		return false
	}
	name = "." + name
	for _, tree := range [...]string{arpa4, arpa6, ".ipv4only.arpa", ".resolver.arpa"} {
		if strings.HasSuffix(name, tree) {
			return true
		}
	}
	return false
}

// decideReverse answers for addresses: those of the pool, and loopback's, have names.
func (s *Server) decideReverse(r *request) (a reply, later func(context.Context) reply) {
	addr, ok := reverse(r.host)
	if !ok {
		return noSuchName(NoSuchName), nil
	}
	name, ok := "localhost", addr.IsLoopback()
	if !ok {
		name, ok = s.Pool.Name(addr)
	}
	t := r.question.Type
	switch {
	case !ok && s.Forward != nil && t == dnsmessage.TypePTR && public(addr):
		return reply{}, s.forwarding(r)
	case !ok:
		return noSuchName(NoSuchName), nil
	case t == dnsmessage.TypeALL:
		return r.any(), nil
	case t != dnsmessage.TypePTR:
		return noData(), nil
	}
	target, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return failed(), nil
	}
	return r.with(dnsmessage.TypePTR, &dnsmessage.PTRResource{PTR: target}), nil
}

// reverse is the address that a name in the tree of addresses stands for, RFC 1035 3.5
// and RFC 3596 2.5.
func reverse(name string) (netip.Addr, bool) {
	if rest, ok := strings.CutSuffix(name, arpa4); ok {
		parts := strings.Split(rest, ".")
		if len(parts) != 4 {
			return netip.Addr{}, false
		}
		a, err := netip.ParseAddr(parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0])
		return a, err == nil
	}
	rest, ok := strings.CutSuffix(name, arpa6)
	if !ok || len(rest) != 63 {
		return netip.Addr{}, false
	}
	var b [16]byte
	for i := range 32 {
		digit, err := strconv.ParseUint(rest[2*i:2*i+1], 16, 8)
		if err != nil || i < 31 && rest[2*i+1] != '.' {
			return netip.Addr{}, false
		}
		b[15-i/2] |= byte(digit) << (i % 2 * 4)
	}
	return netip.AddrFrom16(b), true
}

// reserved are ranges that are no host's on the Internet, RFC 6890, beside those that
// package netip knows.
var reserved = []netip.Prefix{
	netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 8),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{192}), 24),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{240}), 4),
}

// public reports whether the name of an address may be asked for outside: of the
// caller's own networks nothing is told.
func public(a netip.Addr) bool {
	if a.Is4In6() || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return a.Is4() || a.As16()[0]>>5 == 1 // 2000::/3
}
