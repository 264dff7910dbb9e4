package inside

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	header4, header6, headerUDP = 20, 40, 8
	maxDatagram                 = 1<<16 - 1
)

// datagramOf is a packet of UDP with its headers, RFC 768, 791 and 8200; nil: b is too long for
// one, or the addresses are not of one protocol. The kernel fills in the checksum of IPv4's header.
func datagramOf(b []byte, from, to netip.AddrPort) []byte {
	source, destination := from.Addr().Unmap(), to.Addr().Unmap()
	header, size := header4, headerUDP+len(b)
	if source.Is6() {
		header = header6
	}
	if source.Is4() != destination.Is4() || size > maxDatagram || source.Is4() && header4+size > maxDatagram {
		return nil
	}
	p := make([]byte, header+size)
	if source.Is4() {
		p[0] = 0x45 // version, words of the header
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		p[8], p[9] = 64, unix.IPPROTO_UDP // hops
		copy(p[12:], source.AsSlice())
		copy(p[16:], destination.AsSlice())
	} else {
		p[0] = 0x60
		binary.BigEndian.PutUint16(p[4:], uint16(size))
		p[6], p[7] = unix.IPPROTO_UDP, 64
		copy(p[8:], source.AsSlice())
		copy(p[24:], destination.AsSlice())
	}
	udp := p[header:]
	binary.BigEndian.PutUint16(udp, from.Port())
	binary.BigEndian.PutUint16(udp[2:], to.Port())
	binary.BigEndian.PutUint16(udp[4:], uint16(size))
	copy(udp[headerUDP:], b)
	sum := uint32(unix.IPPROTO_UDP) + uint32(size) // the pseudo header
	sum = added(sum, p[header-2*len(source.AsSlice()):header])
	sum = added(sum, udp)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	if sum = ^sum & 0xffff; sum == 0 {
		sum = 0xffff // 0 would be: there is none
	}
	binary.BigEndian.PutUint16(udp[6:], uint16(sum))
	return p
}

// added is a sum of words of 16 bits, RFC 1071. It does not overflow for a packet.
func added(sum uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}
