package inside

import (
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/network"
)

// Socket is a socket to make in the sandbox's network namespace, socket(2).
type Socket = launch.Socket

// role is what a socket is for.
type role struct {
	Socket
	use  use
	port uint16
}

type use uint8

const (
	useRoutes   use = iota // requests of rtnetlink
	useRules               // requests of nf_tables
	useDiag                // questions of sock_diag
	useResolver            // UDP or TCP
	useOwn                 // a port of its own
	useCaught              // what nf_tables catches
	useRaw                 // answers to packets that it has caught
)

// features are what the kernel has.
type features struct{ ipv6, nft, diag bool }

// tried is what this kernel has, which is tried out once.
var tried = sync.OnceValue(try)

// try finds out what this kernel has, by making a socket of each kind.
func try() features {
	can := func(family, kind, protocol int) bool {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			return false
		}
		unix.Close(fd)
		return true
	}
	return features{
		ipv6: can(unix.AF_INET6, unix.SOCK_DGRAM, 0),
		nft:  can(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER),
		diag: can(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG),
	}
}

// featuresOf are those that a list of sockets was made with, as far as it shows.
func featuresOf(s []Socket) features {
	netlink := func(protocol int) bool {
		return slices.Contains(s, Socket{Family: unix.AF_NETLINK, Type: unix.SOCK_RAW, Protocol: protocol})
	}
	return features{
		ipv6: slices.ContainsFunc(s, func(x Socket) bool { return x.Family == unix.AF_INET6 }),
		nft:  netlink(unix.NETLINK_NETFILTER),
		diag: netlink(unix.NETLINK_SOCK_DIAG),
	}
}

// Sockets are those that a policy needs, in the order in which [Take] wants them. What this
// kernel cannot make, of IPv6 and nf_tables, is left out: that is tried once, here. One for
// pasta(1), by which the namespace is found; none for a policy with neither that nor a relay.
func Sockets(p *network.Policy) []Socket {
	if p.Mode == network.Pasta {
		return []Socket{{Family: unix.AF_UNIX, Type: datagram}}
	}
	if !p.Relayed() {
		return nil
	}
	var list []Socket
	for _, r := range roles(p, tried()) {
		list = append(list, r.Socket)
	}
	return list
}

// roles are the sockets of a policy.
func roles(p *network.Policy, f features) (list []role) {
	add := func(use use, family, kind, protocol int, port uint16) {
		list = append(list, role{Socket{Family: family, Type: kind, Protocol: protocol}, use, port})
	}
	// each appends one for each protocol of the internet.
	each := func(use use, kind, protocol int, port uint16) {
		add(use, unix.AF_INET, kind, protocol, port)
		if f.ipv6 {
			add(use, unix.AF_INET6, kind, protocol, port)
		}
	}
	tcp, udp := wanted(p, f)
	add(useRoutes, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE, 0)
	if f.nft && len(tcp.caught)+len(udp.caught) > 0 {
		add(useRules, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER, 0)
	}
	if f.diag {
		add(useDiag, unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG, 0)
	}
	each(useResolver, datagram, 0, domain)
	each(useResolver, listener, 0, domain)
	both := unix.AF_INET // what is bound to no address takes both
	if f.ipv6 {
		both = unix.AF_INET6
	}
	for _, port := range tcp.own {
		add(useOwn, both, listener, 0, port)
	}
	for _, port := range udp.own {
		add(useOwn, both, datagram, 0, port)
	}
	if len(tcp.caught) > 0 {
		each(useCaught, listener, 0, 0)
	}
	if len(udp.caught) > 0 {
		each(useCaught, datagram, 0, 0)
		each(useRaw, raw, unix.IPPROTO_RAW, 0)
	}
	return list
}

// A listener's O_NONBLOCK is set later, by bind: a file of a socket that has it already is watched
// by Go's own poller also, which each connection then wakes for nothing.
const (
	listener = unix.SOCK_STREAM
	stream   = unix.SOCK_STREAM | unix.SOCK_NONBLOCK
	datagram = unix.SOCK_DGRAM | unix.SOCK_NONBLOCK
	raw      = unix.SOCK_RAW | unix.SOCK_NONBLOCK
)

// wanted are the ports of a policy.
func wanted(p *network.Policy, f features) (tcp, udp ports) {
	open := p.EveryPort()
	return portsOf(p.Allow, open, network.TCP, f.nft), portsOf(p.Allow, open, network.UDP, f.nft)
}

// Compile appends, in a process that is in the network namespace: make the sockets, hand
// them to the supervisor (launch.Attr.Sockets), and keep none.
func Compile(p *launch.Program, s []Socket) { p.HandSockets(s) }
