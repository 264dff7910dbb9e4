package inside

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Packet is a UDP socket that packets to addresses of the outside arrive at.
type Packet struct {
	// Port is the one that it is bound to; 0: packets to many ports arrive here.
	Port uint16

	socket  socket
	answers socket // of caught packets: it sends packets with a header of our own
}

// tellDestination has each packet come with the address that it was sent to.
func (s *socket) tellDestination(caught bool) error {
	level, option := unix.SOL_IP, unix.IP_PKTINFO
	switch {
	case s.Family == unix.AF_INET6 && caught:
		level, option = unix.SOL_IPV6, unix.IPV6_RECVORIGDSTADDR
	case s.Family == unix.AF_INET6:
		level, option = unix.SOL_IPV6, unix.IPV6_RECVPKTINFO
	case caught:
		option = unix.IP_RECVORIGDSTADDR
	}
	return failed("have packets tell where they were to go", unix.SetsockoptInt(s.fd, level, option, 1))
}

// ReadFrom waits for a packet and puts it into b: n bytes, of the client in the sandbox, to
// where it was to go. A packet that is longer is cut. net.ErrClosed after Close of the Namespace.
func (p *Packet) ReadFrom(b []byte) (n int, client, to netip.AddrPort, err error) {
	raw, err := p.socket.SyscallConn()
	if err != nil {
		return 0, client, to, closedError(err)
	}
	var oob [128]byte
	for {
		var oobn int
		var from unix.Sockaddr
		var received error
		err = raw.Read(func(fd uintptr) bool {
			n, oobn, _, from, received = unix.Recvmsg(int(fd), b, oob[:], unix.MSG_DONTWAIT)
			return received != unix.EAGAIN
		})
		switch {
		case err != nil:
			return 0, client, to, closedError(err)
		case received == unix.EINTR:
			continue
		case received != nil:
			return 0, client, to, failed("receive a packet in the sandbox", received)
		}
		client, to = addrPort(from), p.destination(oob[:oobn])
		if to.IsValid() {
			return n, client, to, nil
		}
	}
}

// destination is where a packet was to go, as its control messages say.
func (p *Packet) destination(oob []byte) netip.AddrPort {
	for len(oob) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		oob = rest
		switch [2]int32{header.Level, header.Type} {
		case [2]int32{unix.SOL_IP, unix.IP_PKTINFO}:
			if len(data) >= unix.SizeofInet4Pktinfo { // struct in_pktinfo: index, local address, address of the header
				return netip.AddrPortFrom(netip.AddrFrom4([4]byte(data[8:12])), p.Port)
			}
		case [2]int32{unix.SOL_IPV6, unix.IPV6_PKTINFO}:
			if len(data) >= unix.SizeofInet6Pktinfo {
				return netip.AddrPortFrom(netip.AddrFrom16([16]byte(data[:16])).Unmap(), p.Port)
			}
		case [2]int32{unix.SOL_IP, unix.IP_ORIGDSTADDR}:
			if len(data) >= unix.SizeofSockaddrInet4 {
				return netip.AddrPortFrom(netip.AddrFrom4([4]byte(data[4:8])), binary.BigEndian.Uint16(data[2:]))
			}
		case [2]int32{unix.SOL_IPV6, unix.IPV6_ORIGDSTADDR}:
			if len(data) >= unix.SizeofSockaddrInet6 {
				return netip.AddrPortFrom(netip.AddrFrom16([16]byte(data[8:24])).Unmap(), binary.BigEndian.Uint16(data[2:]))
			}
		}
	}
	return netip.AddrPort{}
}

// WriteTo sends a packet to a client, as if it came from an address of the outside. Like any
// packet, it may be lost.
func (p *Packet) WriteTo(b []byte, from, client netip.AddrPort) error {
	if p.Port == 0 {
		return p.answer(b, from, client)
	}
	raw, err := p.socket.SyscallConn()
	if err != nil {
		return closedError(err)
	}
	oob, to := p.source(from.Addr()), address(client.Addr(), client.Port())
	if p.socket.Family == unix.AF_INET6 {
		to = &unix.SockaddrInet6{Port: int(client.Port()), Addr: client.Addr().As16()}
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = unix.Sendmsg(int(fd), b, oob, to, unix.MSG_DONTWAIT)
		return sent != unix.EAGAIN
	})
	if err != nil {
		return closedError(err)
	}
	return failed("send a packet in the sandbox", sent)
}

// source is the control message that says which address a packet comes from.
func (p *Packet) source(a netip.Addr) []byte {
	if p.socket.Family == unix.AF_INET6 {
		return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: a.As16()})
	}
	return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: a.As4()})
}

// answer sends a packet with a header of its own.
func (p *Packet) answer(b []byte, from, client netip.AddrPort) error {
	raw, err := p.answers.SyscallConn()
	if err != nil {
		return closedError(err)
	}
	packet, to := datagramOf(b, from, client), address(client.Addr(), 0)
	if packet == nil {
		return failed("send a packet in the sandbox", unix.EMSGSIZE)
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = unix.Sendto(int(fd), packet, unix.MSG_DONTWAIT, to)
		return sent != unix.EAGAIN
	})
	if err != nil {
		return closedError(err)
	}
	return failed("send a packet in the sandbox", sent)
}

// closedError is net.ErrClosed for a file that is closed.
func closedError(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return net.ErrClosed
	}
	return err
}
