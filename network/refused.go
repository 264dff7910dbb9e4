package network

import "net/netip"

// special is a range of addresses that is refused unless a rule names it.
type special struct {
	prefix netip.Prefix
	why    string
}

// Special ranges: what leads to the caller's machine, to its neighbours, to what only
// its provider's machines see, or to no single host. The registries of special-purpose
// addresses (RFC 6890) have them.
const (
	whyLoopback  = "a loopback address: the machine itself"
	whyLinkLocal = "a link-local address"
	whyMetadata  = "an address of a provider's metadata service"
	whyPrivate   = "a private address"
	whyShared    = "an address of a provider's inner network"
	whyMulticast = "a multicast address"
	whyReserved  = "a reserved address"
	whyNobody    = "no host's address"
	whyBenchmark = "an address for benchmarks, and of the sandbox's own"
	whyNAT64     = "an address of a translator of the local network"
	whyOwn       = "an address of the machine itself"
)

func v4(a, b, c, d byte, bits int, why string) special {
	return special{netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits), why}
}

func v6(first, second, third uint16, bits int, why string) special {
	a := [16]byte{byte(first >> 8), byte(first), byte(second >> 8), byte(second), byte(third >> 8), byte(third)}
	return special{netip.PrefixFrom(netip.AddrFrom16(a), bits), why}
}

// specials is a switch and no table, so that nothing is made at the start of programs
// that have no use for it.
func specials(ipv6 bool) []special {
	if ipv6 {
		return []special{
			{netip.PrefixFrom(netip.IPv6Loopback(), 128), whyLoopback},
			v6(0, 0, 0, 96, whyNobody), // unspecified, and the IPv4-compatible ones
			v6(0x64, 0xff9b, 1, 48, whyNAT64),
			v6(0xfe80, 0, 0, 10, whyLinkLocal),
			v6(0xfec0, 0, 0, 10, whyPrivate), // site-local, RFC 3879
			v6(0xfc00, 0, 0, 7, whyPrivate),  // fd00:ec2::254, fd20:ce::254 are metadata services
			v6(0xff00, 0, 0, 8, whyMulticast),
		}
	}
	return []special{
		v4(0, 0, 0, 0, 8, whyNobody),
		v4(10, 0, 0, 0, 8, whyPrivate),
		v4(100, 64, 0, 0, 10, whyShared), // 100.100.100.200 is a metadata service
		v4(127, 0, 0, 0, 8, whyLoopback),
		v4(168, 63, 129, 16, 32, whyMetadata),
		v4(169, 254, 169, 254, 32, whyMetadata),
		v4(169, 254, 0, 0, 16, whyLinkLocal),
		v4(172, 16, 0, 0, 12, whyPrivate),
		v4(192, 0, 0, 0, 24, whyReserved), // 192.0.0.192 is a metadata service
		v4(192, 168, 0, 0, 16, whyPrivate),
		v4(198, 18, 0, 0, 15, whyBenchmark),
		v4(224, 0, 0, 0, 4, whyMulticast),
		v4(240, 0, 0, 0, 4, whyReserved), // and 255.255.255.255
	}
}

// Refused reports whether an address is one that is refused unless a rule names it, and
// why. IPv6 addresses that stand for an IPv4 one (mapped, translated, 6to4, NAT64, Teredo, ISATAP)
// are refused as that is. The caller's own addresses are not known here: see Own.
func Refused(a netip.Addr) (why string, refused bool) {
	_, why, refused = refusedRange(a)
	return why, refused
}

// RefusedRanges are the ranges of Refused, of both families, for routes that refuse them.
// Addresses that stand for an IPv4 one are not among them.
func RefusedRanges() []netip.Prefix {
	var list []netip.Prefix
	for _, ipv6 := range []bool{false, true} {
		for _, s := range specials(ipv6) {
			list = append(list, s.prefix)
		}
	}
	return list
}

// refusedRange is Refused, with the widest range that an address is refused for; of an
// address that stands for an IPv4 one, it is that address alone.
func refusedRange(a netip.Addr) (in netip.Prefix, why string, refused bool) {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return netip.Prefix{}, whyNobody, true
	}
	for _, s := range specials(a.Is6()) {
		if s.prefix.Contains(a) {
			if why == "" {
				why = s.why
			}
			if !in.IsValid() || s.prefix.Bits() < in.Bits() {
				in = s.prefix
			}
		}
	}
	if why != "" {
		return in, why, true
	}
	for _, inner := range embedded(a) {
		if _, why, refused := refusedRange(inner); refused {
			return netip.PrefixFrom(a, a.BitLen()), why + ", as " + inner.String(), true
		}
	}
	return netip.Prefix{}, "", false
}

// embedded are the IPv4 addresses that an IPv6 address leads to.
func embedded(a netip.Addr) []netip.Addr {
	if !a.Is6() {
		return nil
	}
	b := a.As16()
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	switch {
	case b[0] == 0x20 && b[1] == 0x02: // 6to4, RFC 3056
		return []netip.Addr{at(2)}
	case [4]byte(b[:4]) == [4]byte{0x20, 0x01, 0, 0}: // Teredo, RFC 4380: server, and client turned over
		for i := 12; i < 16; i++ {
			b[i] ^= 0xff
		}
		return []netip.Addr{at(4), at(12)}
	case [12]byte(b[:12]) == [12]byte{0, 0x64, 0xff, 0x9b}, // NAT64, RFC 6052
		[12]byte(b[:12]) == [12]byte{8: 0xff, 9: 0xff}: // IPv4-translated, RFC 2765
		return []netip.Addr{at(12)}
	case b[8]&^2 == 0 && [3]byte(b[9:12]) == [3]byte{0, 0x5e, 0xfe}: // ISATAP, RFC 5214
		return []netip.Addr{at(12)}
	}
	return nil
}
