package inside

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// Namespace is a sandbox's network namespace, as the supervisor holds it. Its methods may
// be called by many goroutines at once, after SetUp.
type Namespace struct {
	asked []Socket
	files []*os.File

	mu        sync.Mutex
	features  features
	rules     []network.Rule // that are to be reachable
	open      bool
	sockets   []socket
	listeners []Listener
	packets   []*Packet
	caught    caught
	notes     []string
	agent     *agent // nil: not needed yet
	name      string // see id
	closed    bool
}

// socket is one of the namespace's, with what it is for.
type socket struct {
	role
	*os.File
	fd int
}

// caught is what nf_tables catches now.
type caught struct {
	tcp, udp []network.PortRange
	how      catching
}

// Take is the namespace that the sockets come from; it owns the files. They are those of
// [Sockets], in that order.
func Take(s []Socket, files []*os.File) *Namespace { return &Namespace{asked: s, files: files} }

// take makes a socket of a file.
func take(r role, f *os.File) (socket, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return socket{}, err
	}
	s := socket{role: r, File: f}
	err = raw.Control(func(fd uintptr) { s.fd = int(fd) })
	if err == nil && r.Family == unix.AF_NETLINK {
		err = s.bindNetlink()
	}
	return s, err
}

// bindNetlink gives the socket a number that means nothing: that which the kernel would give it
// is the supervisor's process id outside, which the command would read in /proc/net/netlink.
func (s *socket) bindNetlink() error {
	const tries = 64
	var err error
	for i := range uint32(tries) {
		err = unix.Bind(s.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: 1<<31 + i})
		if err != unix.EADDRINUSE {
			break
		}
	}
	return failed("bind a socket for requests to the kernel", err)
}

// of are the sockets for a use.
func (n *Namespace) of(u use) (list []socket) {
	for _, s := range n.sockets {
		if s.use == u {
			list = append(list, s)
		}
	}
	return list
}

// Notes are what is not as it should be on this kernel, in words for the user: ports that
// the command cannot have, say.
func (n *Namespace) Notes() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.notes)
}

// Listeners are the sockets that the command's TCP connections arrive at. After [Namespace.Open]
// there may be more, at the end.
func (n *Namespace) Listeners() []Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.listeners)
}

// Packets are the sockets that the command's UDP packets arrive at, likewise.
func (n *Namespace) Packets() []*Packet {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.packets)
}

// Resolver are the sockets of the resolver's own addresses, port 53. They are the callee's to
// close. None after Close.
func (n *Namespace) Resolver() (udp []net.PacketConn, tcp []net.Listener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, nil
	}
	for _, s := range n.of(useResolver) {
		if s.Family == unix.AF_INET6 && !n.features.ipv6 {
			continue
		}
		if s.Type == datagram {
			if c, err := net.FilePacketConn(s.File); err == nil {
				udp = append(udp, c)
			}
		} else if l, err := net.FileListener(s.File); err == nil {
			tcp = append(tcp, l)
		}
	}
	return udp, tcp
}

// Close closes every socket, and ends the agent.
func (n *Namespace) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	var errs []error
	for _, f := range n.files {
		errs = append(errs, f.Close())
	}
	if n.agent != nil {
		errs = append(errs, n.agent.close())
	}
	return errors.Join(errs...)
}

// socket makes one more, by the agent.
func (n *Namespace) socket(r role) (socket, error) {
	if n.closed {
		return socket{}, net.ErrClosed
	}
	fd, err := n.agentSocket(r.Socket)
	if err != nil {
		return socket{}, err
	}
	f := os.NewFile(uintptr(fd), "socket of the sandbox")
	s, err := take(r, f)
	if err != nil {
		f.Close()
		return socket{}, err
	}
	n.files = append(n.files, f)
	n.sockets = append(n.sockets, s)
	return s, nil
}

// need is the socket for a use; it is made if there is none.
func (n *Namespace) need(r role) (socket, error) {
	for _, s := range n.of(r.use) {
		if s.Socket == r.Socket && s.port == r.port {
			return s, nil
		}
	}
	return n.socket(r)
}

// address is where a socket is to be bound.
func address(a netip.Addr, port uint16) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Port: int(port), Addr: a.As4()}
	}
	return &unix.SockaddrInet6{Port: int(port), Addr: a.As16()}
}

// addrPort is a socket's address.
func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// failed is an error of a system call on a socket.
func failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
