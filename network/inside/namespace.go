package inside

import (
	"context"
	"net"
	"net/netip"
	"os"

	"github.com/usandbox/usandbox/network"
)

// Namespace is a sandbox's network namespace, as the supervisor holds it. Its methods may
// be called by many goroutines at once, after SetUp.
type Namespace struct{}

// Take is the namespace that the sockets come from; it owns the files. They are those of
// [Sockets], in that order.
func Take(s []Socket, files []*os.File) *Namespace { return &Namespace{} }

// SetUp gives the namespace its addresses and routes, and binds the sockets. The command must
// not run before it has returned.
func (n *Namespace) SetUp(p *network.Policy) error { return nil }

// Notes are what is not as it should be on this kernel, in words for the user: ports that
// the command cannot have, say.
func (n *Namespace) Notes() []string { return nil }

// Listeners are the sockets that the command's TCP connections arrive at. After [Namespace.Open]
// there may be more.
func (n *Namespace) Listeners() []Listener { return nil }

// Packets are the sockets that the command's UDP packets arrive at, likewise.
func (n *Namespace) Packets() []Packet { return nil }

// Resolver are the sockets of the resolver's own addresses, port 53.
func (n *Namespace) Resolver() (udp []net.PacketConn, tcp []net.Listener) { return nil, nil }

// Open makes reachable what rules name beside what the policy of SetUp did: ports, and
// addresses in ranges that are refused otherwise. It returns what is new of Listeners and Packets.
func (n *Namespace) Open(rules ...network.Rule) ([]Listener, []Packet, error) { return nil, nil, nil }

// Dial connects to a port of the sandbox's own 127.0.0.1, and if nothing listens there of ::1.
// The file descriptor does not block, and is the caller's. For UDP it is a connected socket.
func (n *Namespace) Dial(ctx context.Context, proto network.Protocol, port uint16) (fd int, err error) {
	return -1, nil
}

// Client tells who in the sandbox has the connection, or the UDP socket, with the address: process id outside, and
// name. For reports only: it is not always found, and a program can call itself anything.
func (n *Namespace) Client(proto network.Protocol, client netip.AddrPort) (pid int, program string, ok bool) {
	return 0, "", false
}

// Close closes every socket, and ends the agent.
func (n *Namespace) Close() error { return nil }
