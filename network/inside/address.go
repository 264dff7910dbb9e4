package inside

import "net/netip"

// The addresses of a sandbox: of 198.18.0.0/15, which nobody has (RFC 2544), and of a prefix
// of IPv6 that is made up (RFC 4193). The sandbox's own two are on its loopback interface, so
// that programs take it to have both protocols (AI_ADDRCONFIG of getaddrinfo(3)); the
// resolver's and those of names are nobody's, and local all the same.
var (
	Self4     = netip.AddrFrom4([4]byte{198, 18, 0, 1})
	Self6     = netip.AddrFrom16([16]byte{0xfd, 0x53, 0x6e, 0x64, 0x62, 0x78, 15: 1})
	Resolver4 = netip.AddrFrom4([4]byte{198, 18, 0, 2})
	Resolver6 = netip.AddrFrom16([16]byte{0xfd, 0x53, 0x6e, 0x64, 0x62, 0x78, 15: 2})

	// of which the command can use none but these four
	own4 = netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, 0, 0}), 24)
	own6 = netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x53, 0x6e, 0x64, 0x62, 0x78}), 64)

	// which holds own and the addresses of names
	all4 = netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, 0, 0}), 15)
	all6 = netip.PrefixFrom(own6.Addr(), 48)
)

// Own reports whether an address is one of the sandbox itself: its loopback, its own two, the
// resolver's. A connection to such a one that arrives in a Listener is to be reset, a packet
// dropped.
func Own(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsUnspecified() || own4.Contains(a) || own6.Contains(a)
}
