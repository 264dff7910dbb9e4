package relay

import (
	"context"
	"net"
	"net/netip"
	"os"

	"github.com/usandbox/usandbox/network"
)

// Inside is the network namespace of a sandbox, as far as a [Relay] needs it.
type Inside interface {
	// Listeners are the sockets that get the sandbox's connections; Packets, those that
	// get its datagrams.
	Listeners() []Listener
	Packets() []Packet

	// Resolver are the sockets at which questions for names come in. The relay closes them.
	Resolver() (udp []net.PacketConn, tcp []net.Listener)

	// Dial connects to a port on the loopback interface of the sandbox. The descriptor is the
	// caller's, O_NONBLOCK and close-on-exec. For UDP it is a connected socket.
	Dial(ctx context.Context, proto network.Protocol, port uint16) (fd int, err error)

	// Open makes what the rules need that is not there yet: routes, and sockets, which it
	// returns.
	Open(rules ...network.Rule) ([]Listener, []Packet, error)

	// Client tells which program has the socket of an address in the sandbox, as well as it can.
	Client(proto network.Protocol, client netip.AddrPort) (pid int, program string, ok bool)
}

// Listener is a listening socket in the sandbox's network namespace.
type Listener struct {
	// File is the socket, O_NONBLOCK and close-on-exec. It stays the namespace's: the relay
	// shuts it down at the end, and does not close it.
	File *os.File

	// Port is where it listens; 0: it gets connections to any port.
	Port uint16

	// Original is the address that the client of an accepted connection connected to.
	Original func(fd int) (netip.AddrPort, error)
}

// Packet is a socket for datagrams in the sandbox's network namespace.
type Packet interface {
	// ReadFrom waits for a datagram, which a client in the sandbox sent to an address. It
	// returns an error once the namespace is closed. A datagram longer than b is cut.
	ReadFrom(b []byte) (n int, client, to netip.AddrPort, err error)

	// WriteTo sends an answer from that address to that client.
	WriteTo(b []byte, from, client netip.AddrPort) error
}
