package relay

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// tellDestination has the kernel say which address of the host a datagram was sent to: the answer
// must come from there, ip(7), IP_PKTINFO.
func (h *hostPacket) tellDestination() error {
	raw, err := h.conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		if failed != nil {
			return
		}
		if domain, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN); err == nil && domain == unix.AF_INET6 {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

func (h *hostPacket) ReadFrom(b []byte) (n int, client, to netip.AddrPort, err error) {
	var oob [128]byte
	n, oobn, _, client, err := h.conn.ReadMsgUDPAddrPort(b, oob[:])
	if err != nil {
		return 0, netip.AddrPort{}, netip.AddrPort{}, err
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err == nil {
		for _, m := range messages {
			if a, ok := destination(m); ok {
				to = netip.AddrPortFrom(a, h.port)
			}
		}
	}
	return n, client, to, nil
}

// destination reads in_pktinfo, ip(7), or in6_pktinfo, ipv6(7).
func destination(m unix.SocketControlMessage) (netip.Addr, bool) {
	switch {
	case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
		return netip.AddrFrom4([4]byte(m.Data[8:12])), true
	case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
		return netip.AddrFrom16([16]byte(m.Data[:16])), true
	}
	return netip.Addr{}, false
}

func (h *hostPacket) WriteTo(b []byte, from, client netip.AddrPort) error {
	_, _, err := h.conn.WriteMsgUDPAddrPort(b, source(from.Addr(), client.Addr()), client)
	return err
}

// source says from which address to send: the one that the client sent to. A socket of
// IPv6 that serves IPv4 also takes in_pktinfo for that.
func source(from, client netip.Addr) []byte {
	switch {
	case !from.IsValid():
		return nil
	case from.Unmap().Is4() && client.Unmap().Is4():
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: from.Unmap().As4()})
	case from.Is6() && !from.IsLinkLocalUnicast():
		return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: from.As16()})
	}
	return nil
}
