package relay

import (
	"context"
	"net"
	"net/netip"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/inside"
)

// Of is a namespace as a [Relay] needs it.
func Of(n *inside.Namespace) Inside { return namespace{n} }

type namespace struct{ n *inside.Namespace }

func (n namespace) Listeners() []Listener { return listeners(n.n.Listeners()) }

func (n namespace) Packets() []Packet { return packets(n.n.Packets()) }

func (n namespace) Resolver() (udp []net.PacketConn, tcp []net.Listener) { return n.n.Resolver() }

func (n namespace) Dial(ctx context.Context, proto network.Protocol, port uint16) (int, error) {
	return n.n.Dial(ctx, proto, port)
}

func (n namespace) Open(rules ...network.Rule) ([]Listener, []Packet, error) {
	l, p, err := n.n.Open(rules...)
	return listeners(l), packets(p), err
}

func (n namespace) Client(proto network.Protocol, client netip.AddrPort) (int, string, bool) {
	return n.n.Client(proto, client)
}

func listeners(list []inside.Listener) (all []Listener) {
	for _, l := range list {
		all = append(all, Listener(l))
	}
	return all
}

func packets(list []*inside.Packet) (all []Packet) {
	for _, p := range list {
		all = append(all, p)
	}
	return all
}
