package inside

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// reach makes listeners, and rules of nf_tables, for the ports of the rules, beside those that
// there are. The first time, what the kernel has is known.
func (n *Namespace) reach(first bool) error {
	tcp, udp := portsOf(n.rules, n.open, network.TCP, true), portsOf(n.rules, n.open, network.UDP, true)
	if len(tcp.caught)+len(udp.caught) > 0 {
		err := errors.New("the kernel has none")
		if n.features.nft || !first {
			err = n.catch(tcp.caught, udp.caught)
		}
		if err != nil {
			tcp, udp = portsOf(n.rules, n.open, network.TCP, false), portsOf(n.rules, n.open, network.UDP, false)
			if len(tcp.caught)+len(udp.caught) > 0 {
				return &NoRulesError{Ports: tooMany(tcp.caught, udp.caught), Err: err}
			}
			n.tellTaken(tcp.own, udp.own)
		}
	}
	for _, port := range tcp.own {
		if err := n.listen(port); err != nil {
			return err
		}
	}
	for _, port := range udp.own {
		if err := n.receive(port); err != nil {
			return err
		}
	}
	return nil
}

// NoRulesError says that ports need nf_tables, which the kernel has not: too many to have a
// socket for each.
type NoRulesError struct {
	Ports string
	Err   error
}

func (e *NoRulesError) Error() string {
	return fmt.Sprintf("relay the ports %s: that many need nf_tables: %v", e.Ports, e.Err)
}

// Unwrap returns why they cannot be had.
func (e *NoRulesError) Unwrap() error { return e.Err }

// Hint is what to do instead.
func (e *NoRulesError) Hint() string {
	return "load the kernel modules nf_tables and nft_tproxy, or name single ports, at most " + strconv.Itoa(maxOwn)
}

// tooMany names ranges, the first few.
func tooMany(tcp, udp []network.PortRange) string {
	var words []string
	for _, p := range slices.Concat(tcp, udp) {
		word := fmt.Sprintf("%d-%d", p.First, p.Last)
		if slices.Contains(words, word) {
			continue
		}
		if len(words) == 4 {
			words = append(words, "...")
			break
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// tellTaken notes the ports that the command could have bound to.
func (n *Namespace) tellTaken(lists ...[]uint16) {
	var taken []string
	for _, port := range slices.Concat(lists...) {
		if port >= privileged {
			taken = append(taken, strconv.Itoa(int(port)))
		}
	}
	if len(taken) > 0 {
		n.notes = append(n.notes, fmt.Sprintf("the kernel has no nf_tables, so nothing in the sandbox can listen on port %s: the relay does", strings.Join(taken, ", ")))
	}
}

// wildcard is the address of a socket for any, of IPv4 too.
func (n *Namespace) wildcard() (family int, a netip.Addr) {
	if featuresOf(n.asked).ipv6 {
		return unix.AF_INET6, netip.IPv6Unspecified()
	}
	return unix.AF_INET, netip.IPv4Unspecified()
}

// listen makes a port's listener, unless there is one.
func (n *Namespace) listen(port uint16) error {
	if slices.ContainsFunc(n.listeners, func(l Listener) bool { return l.Port == port }) {
		return nil
	}
	family, a := n.wildcard()
	s, err := n.need(role{Socket{Family: family, Type: listener}, useOwn, port})
	if err == nil {
		err = s.bind(a, port)
	}
	if err != nil {
		return fmt.Errorf("listen on port %d in the sandbox: %w", port, err)
	}
	n.listeners = append(n.listeners, Listener{File: s.File, Port: port, Original: bound})
	return nil
}

// receive makes a port's socket for packets, unless there is one.
func (n *Namespace) receive(port uint16) error {
	if slices.ContainsFunc(n.packets, func(p *Packet) bool { return p.Port == port }) {
		return nil
	}
	family, a := n.wildcard()
	s, err := n.need(role{Socket{Family: family, Type: datagram}, useOwn, port})
	if err == nil {
		err = s.tellDestination(false)
	}
	if err == nil {
		err = s.bind(a, port)
	}
	if err != nil {
		return fmt.Errorf("receive on port %d in the sandbox: %w", port, err)
	}
	n.packets = append(n.packets, &Packet{Port: port, socket: s})
	return nil
}

// catch has connections and packets to ports caught, from now on.
func (n *Namespace) catch(tcp, udp []network.PortRange) error {
	if slices.Equal(tcp, n.caught.tcp) && slices.Equal(udp, n.caught.udp) {
		return nil
	}
	if len(tcp) > maxCaught || len(udp) > maxCaught {
		return fmt.Errorf("there are more than %d ranges of ports", maxCaught)
	}
	if _, err := n.need(role{Socket{Family: unix.AF_NETLINK, Type: unix.SOCK_RAW, Protocol: unix.NETLINK_NETFILTER}, useRules, 0}); err != nil {
		return err
	}
	how, replace := n.caught.how, n.caught.tcp != nil || n.caught.udp != nil
	err := n.ask(useRules, ruleset(tcp, udp, n.features.ipv6, how, replace))
	if err != nil && !replace && len(udp) == 0 {
		how = byRedirect
		if n.ask(useRules, ruleset(tcp, udp, n.features.ipv6, how, false)) == nil {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	if len(tcp) > 0 && n.caught.tcp == nil {
		err = n.catchConnections(how)
	}
	if len(udp) > 0 && n.caught.udp == nil {
		err = errors.Join(err, n.catchPackets())
	}
	n.caught = caught{tcp, udp, how}
	return err
}

// catchConnections makes the listeners that caught connections go to.
func (n *Namespace) catchConnections(how catching) error {
	for _, a := range catchers(n.features.ipv6) {
		s, err := n.need(role{Socket{Family: int(family(a)), Type: listener}, useCaught, 0})
		if err != nil {
			return err
		}
		original := bound
		if how == byRedirect {
			original = beforeRedirect
			if a = netip.IPv6Loopback(); s.Family == unix.AF_INET {
				a = netip.AddrFrom4([4]byte{127, 0, 0, 1})
			}
		} else if err := s.transparent(); err != nil {
			return err
		}
		if err := s.bind(a, caughtPort); err != nil {
			return fmt.Errorf("listen for caught connections: %w", err)
		}
		n.listeners = append(n.listeners, Listener{File: s.File, Original: original})
	}
	return nil
}

// catchPackets makes the sockets that caught packets go to.
func (n *Namespace) catchPackets() error {
	for _, a := range catchers(n.features.ipv6) {
		s, err := n.need(role{Socket{Family: int(family(a)), Type: datagram}, useCaught, 0})
		if err != nil {
			return err
		}
		answers, err := n.need(role{Socket{Family: s.Family, Type: raw, Protocol: unix.IPPROTO_RAW}, useRaw, 0})
		if err != nil {
			return err
		}
		err = s.transparent()
		if err == nil {
			err = s.tellDestination(true)
		}
		if err == nil {
			err = s.bind(a, caughtPort)
		}
		if err != nil {
			return fmt.Errorf("receive caught packets: %w", err)
		}
		n.packets = append(n.packets, &Packet{socket: s, answers: answers})
	}
	return nil
}

// transparent says that the socket takes what goes to addresses that are not its own, ip(7),
// IP_TRANSPARENT.
func (s *socket) transparent() error {
	if s.Family == unix.AF_INET6 {
		return failed("set IPV6_TRANSPARENT", unix.SetsockoptInt(s.fd, unix.SOL_IPV6, unix.IPV6_TRANSPARENT, 1))
	}
	return failed("set IP_TRANSPARENT", unix.SetsockoptInt(s.fd, unix.SOL_IP, unix.IP_TRANSPARENT, 1))
}
