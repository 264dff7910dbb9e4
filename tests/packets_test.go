package tests

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// watch records what arrives at the far side from now on, packet(7): for each packet
// the protocol and where it was sent. What IPv6 needs to find its neighbours is left
// out.
func (w *world) watch() error {
	link, err := net.InterfaceByName("far")
	if err != nil {
		return err
	}
	all := int(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL)))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, all)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: uint16(all), Ifindex: link.Index}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := unix.Recvfrom(fd, buf, 0)
			if err != nil {
				return
			}
			at := from.(*unix.SockaddrLinklayer)
			if at.Pkttype == unix.PACKET_OUTGOING {
				continue
			}
			if text := destination(buf[:n]); text != "" {
				w.mu.Lock()
				if len(w.crossed) < 100_000 {
					w.crossed = append(w.crossed, text)
				}
				w.mu.Unlock()
			}
		}
	}()
	return nil
}

// destination describes a packet, ip(7), ipv6(7); empty: none of IP, or of those that
// the kernel itself sends to its neighbours.
func destination(b []byte) string {
	var to netip.Addr
	var protocol byte
	var rest []byte
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		to, protocol, rest = netip.AddrFrom4([4]byte(b[16:20])), b[9], b[min(len(b), int(b[0]&15)*4):]
	case len(b) >= 40 && b[0]>>4 == 6:
		to, protocol, rest = netip.AddrFrom16([16]byte(b[24:40])), b[6], b[40:]
		if protocol == unix.IPPROTO_ICMPV6 && len(rest) > 0 && rest[0] >= 130 && rest[0] <= 137 ||
			protocol == unix.IPPROTO_HOPOPTS && to.IsMulticast() {
			return ""
		}
	default:
		return ""
	}
	name := map[byte]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp"}[protocol]
	if name == "" || len(rest) < 4 {
		return fmt.Sprintf("protocol-%d %s", protocol, to)
	}
	return name + " " + netip.AddrPortFrom(to, binary.BigEndian.Uint16(rest[2:4])).String()
}
