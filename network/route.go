package network

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// delivered asks the kernel whether what is sent to an address stays on the machine, or
// goes to all or any of its neighbours: RTM_GETROUTE of rtnetlink(7), for the one address.
// Interfaces do not tell all: a route of type local makes addresses the machine's that no
// interface has. Not ok: it could not be asked.
func delivered(a netip.Addr) (own, ok bool) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return false, false
	}
	defer unix.Close(fd)
	family := byte(unix.AF_INET6)
	if a.Is4() {
		family = unix.AF_INET
	}
	order, dst := binary.NativeEndian, a.AsSlice()
	size := unix.SizeofNlMsghdr + unix.SizeofRtMsg + unix.SizeofRtAttr + len(dst)
	b := order.AppendUint32(nil, uint32(size))
	b = order.AppendUint16(b, unix.RTM_GETROUTE)
	b = order.AppendUint16(b, unix.NLM_F_REQUEST)
	b = append(b, make([]byte, 8)...) // sequence number and port
	b = append(b, family, byte(a.BitLen()), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = order.AppendUint16(b, uint16(unix.SizeofRtAttr+len(dst)))
	b = order.AppendUint16(b, unix.RTA_DST)
	b = append(b, dst...)
	if err := unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return false, false
	}
	buf := make([]byte, 4096)
	n, err := unix.Read(fd, buf) // the kernel has answered within sendto
	if err != nil || n < unix.SizeofNlMsghdr+unix.SizeofRtMsg {
		return false, false
	}
	switch h := (*unix.NlMsghdr)(unsafe.Pointer(&buf[0])); h.Type {
	case unix.NLMSG_ERROR: // no route: nothing is sent
		return false, true
	case unix.RTM_NEWROUTE:
		switch m := (*unix.RtMsg)(unsafe.Pointer(&buf[unix.SizeofNlMsghdr])); m.Type {
		case unix.RTN_LOCAL, unix.RTN_BROADCAST, unix.RTN_ANYCAST, unix.RTN_MULTICAST:
			return true, true
		}
		return false, true
	}
	return false, false
}
