package network

import "net/netip"

// sandboxAddresses are those of one protocol that every sandbox with a relay has.
type sandboxAddresses struct {
	self     netip.Addr   // on its loopback interface
	own, all netip.Prefix // the sandbox's own, and these with those of names
}

func outerSandbox() [2]sandboxAddresses {
	v6 := [16]byte{0xfd, 0x53, 0x6e, 0x64, 0x62, 0x78, 15: 1}
	four, six := netip.AddrFrom4([4]byte{198, 18, 0, 1}), netip.AddrFrom16(v6)
	return [2]sandboxAddresses{
		{four, netip.PrefixFrom(four, 24).Masked(), netip.PrefixFrom(four, 15).Masked()},
		{six, netip.PrefixFrom(six, 64).Masked(), netip.PrefixFrom(six, 48).Masked()},
	}
}
