package relay

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// backlog is how many connections to a published port may wait; the kernel has a limit
// of its own, listen(2).
const backlog = 4096

// publish makes ports of the sandbox reachable from outside.
func (r *Relay) publish(list []network.Published) error {
	for _, p := range list {
		var err error
		if p.Protocol == network.UDP {
			err = r.publishPackets(p)
		} else {
			err = r.publishStream(p)
		}
		if err != nil {
			return publishError(p, err)
		}
	}
	for i, p := range r.published {
		if list[i].Host.Port() == 0 {
			r.warn("port %d of the sandbox is published at %s", p.Port, p.Host)
		}
	}
	return nil
}

func publishError(p network.Published, err error) error {
	flag := p.Origin
	if flag == "" {
		flag = fmt.Sprintf("--publish %s:%d", p.Host, p.Port)
	}
	hint := ""
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		hint = "another program listens there; with 0 for the port of the host a free one is picked"
	case errors.Is(err, unix.EACCES):
		hint = "ports below net.ipv4.ip_unprivileged_port_start, sysctl(8), need privilege; take a higher one"
	case errors.Is(err, unix.EADDRNOTAVAIL):
		hint = "the address must be one of this machine's, as `ip address` shows them"
	}
	return &StartError{fmt.Errorf("publish a port: %s: listen on %s: %w", flag, p.Host, err), hint}
}

func (r *Relay) publishStream(p network.Published) error {
	fd, err := unix.Socket(family(p.Host.Addr()), unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		unix.Close(fd)
		return err
	}
	if err := errors.Join(bind(fd, p.Host), unix.Listen(fd, backlog)); err != nil {
		unix.Close(fd)
		return err
	}
	s, err := unix.Getsockname(fd)
	if err != nil {
		unix.Close(fd)
		return err
	}
	p.Host = netip.AddrPortFrom(p.Host.Addr(), addrPort(s).Port())
	r.published = append(r.published, p)
	r.accept(&acceptor{relay: r, file: os.NewFile(uintptr(fd), "published port"), published: &p})
	return nil
}

// bind binds a socket. All addresses of IPv6 are all those of IPv4 also.
func bind(fd int, a netip.AddrPort) error {
	if a.Addr() == netip.IPv6Unspecified() {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			return err
		}
	}
	return unix.Bind(fd, sockaddr(a))
}

func (r *Relay) publishPackets(p network.Published) error {
	h, err := newHostPacket(p.Host)
	if err != nil {
		return err
	}
	p.Host = netip.AddrPortFrom(p.Host.Addr(), h.port)
	r.published = append(r.published, p)
	r.closers = append(r.closers, func() { h.conn.Close() })
	r.receive(h, &p)
	return nil
}

// hostPacket is a socket of the host for datagrams to a published port.
type hostPacket struct {
	conn *net.UDPConn
	port uint16
}

func newHostPacket(a netip.AddrPort) (*hostPacket, error) {
	network := "udp4"
	switch {
	case a.Addr() == netip.IPv6Unspecified():
		network = "udp"
	case a.Addr().Is6():
		network = "udp6"
	}
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(a))
	if err != nil {
		return nil, err
	}
	h := &hostPacket{conn: c, port: c.LocalAddr().(*net.UDPAddr).AddrPort().Port()}
	if err := h.tellDestination(); err != nil {
		c.Close()
		return nil, err
	}
	return h, nil
}
