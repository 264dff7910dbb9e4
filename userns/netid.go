package userns

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// NetID is the number that the caller's network namespace has for another, as in
// ip-netns(8) and rtnetlink(7); not assigned: it has none. A namespace that is not
// of the kind Network is [unix.EINVAL]. Linux 4.0.
func (h *Handle) NetID() (id int32, assigned bool, err error) {
	if h.kind == Network {
		id, err = netID(h.fd)
	} else {
		err = unix.EINVAL
	}
	if err != nil {
		return 0, false, fmt.Errorf("ask for the number of %v: %w", h, err)
	}
	return id, id != unix.NETNSA_NSID_NOT_ASSIGNED, nil
}

// Where an answer of RTM_NEWNSID or NLMSG_ERROR has what.
const (
	nlType    = 4
	nlPayload = unix.SizeofNlMsghdr
	nlAttr    = nlPayload + 4 // behind struct rtgenmsg, padded
)

// netID asks by RTM_GETNSID.
func netID(fd int) (int32, error) {
	sock, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return 0, err
	}
	defer unix.Close(sock)
	order := binary.NativeEndian
	request := make([]byte, nlAttr+8)
	order.PutUint32(request, uint32(len(request)))
	order.PutUint16(request[nlType:], unix.RTM_GETNSID)
	order.PutUint16(request[6:], unix.NLM_F_REQUEST)
	order.PutUint16(request[nlAttr:], 8)
	order.PutUint16(request[nlAttr+2:], netnsaFD)
	order.PutUint32(request[nlAttr+4:], uint32(fd))
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(sock, request, 0, kernel); err != nil {
		return 0, err
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(sock, answer, 0) // the kernel answers before sendto returns
	if err != nil {
		return 0, err
	}
	return parseNetID(answer[:n])
}

// Attributes of RTM_GETNSID, linux/net_namespace.h.
const (
	netnsaNSID = 1
	netnsaFD   = 3
)

func parseNetID(answer []byte) (int32, error) {
	order := binary.NativeEndian
	if len(answer) < nlPayload+4 {
		return 0, unix.EBADMSG
	}
	switch order.Uint16(answer[nlType:]) {
	case unix.NLMSG_ERROR:
		if errno := -int32(order.Uint32(answer[nlPayload:])); errno > 0 {
			return 0, unix.Errno(errno)
		}
	case unix.RTM_NEWNSID:
		for rest := answer[nlAttr:]; len(rest) >= 8; {
			size := int(order.Uint16(rest))
			if order.Uint16(rest[2:]) == netnsaNSID && size == 8 {
				return int32(order.Uint32(rest[4:])), nil
			}
			if size = (size + 3) &^ 3; size < 4 || size > len(rest) {
				break
			}
			rest = rest[size:]
		}
	}
	return 0, unix.EBADMSG
}
