package inside

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// SetUp gives the namespace its addresses and routes, and binds the sockets. The command must
// not run before it has returned. The policy is that of [Sockets].
func (n *Namespace) SetUp(p *network.Policy) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.features, n.open = featuresOf(n.asked), p.EveryPort()
	n.rules = slices.Clone(p.Allow)
	list := roles(p, n.features)
	if len(list) != len(n.asked) || len(n.files) != len(n.asked) {
		return fmt.Errorf("BUG: inside: %d sockets for a policy of %d", len(n.files), len(list))
	}
	for i, f := range n.files {
		s, err := take(list[i], f)
		if err != nil {
			return err
		}
		n.sockets = append(n.sockets, s)
	}
	if err := n.address(); err != nil {
		return err
	}
	if err := n.resolve(); err != nil {
		return err
	}
	return n.reach(true)
}

// Open makes reachable what rules name beside what is: ports, and addresses in ranges that are
// refused otherwise. It returns what is new of Listeners and Packets.
func (n *Namespace) Open(rules ...network.Rule) ([]Listener, []*Packet, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, nil, net.ErrClosed
	}
	before := n.rules
	listeners, packets := len(n.listeners), len(n.packets)
	n.rules = slices.Concat(before, rules)
	err := n.route()
	if err == nil {
		err = n.reach(false)
	}
	if err != nil {
		n.rules = before
	}
	return slices.Clone(n.listeners[listeners:]), slices.Clone(n.packets[packets:]), err
}

// address gives the loopback interface its addresses, and makes the routes.
func (n *Namespace) address() error {
	r := &request{}
	r.addAddress(Self4)
	if n.features.ipv6 {
		r.addAddress(Self6)
	}
	n.addRoutes(r)
	return n.ask(useRoutes, r)
}

// route makes the routes anew.
func (n *Namespace) route() error {
	r := &request{}
	n.addRoutes(r)
	return n.ask(useRoutes, r)
}

func (n *Namespace) addRoutes(r *request) {
	var named []netip.Prefix
	for _, x := range n.rules {
		if x.Prefix.IsValid() {
			named = append(named, x.Prefix)
		}
	}
	for _, x := range routes(network.RefusedRanges(), named) {
		if x.prefix.Addr().Is4() || n.features.ipv6 {
			r.addRoute(x)
		}
	}
	r.acknowledged()
}

// ask sends a request. Where IPv6 is switched off, nothing of it can be had, and the rest is
// done all the same.
func (n *Namespace) ask(u use, r *request) error {
	sockets := n.of(u)
	if len(sockets) == 0 {
		return errors.New("BUG: inside: no socket for requests")
	}
	answers, err := r.send(sockets[0].fd)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if u == useRoutes && r.family(a) == unix.AF_INET6 {
			n.features.ipv6 = false
			continue
		}
		return r.problem(a)
	}
	return nil
}

// resolve binds the resolver's sockets.
func (n *Namespace) resolve() error {
	for _, s := range n.of(useResolver) {
		a := Resolver4
		if s.Family == unix.AF_INET6 {
			if a = Resolver6; !n.features.ipv6 {
				continue
			}
		}
		if err := s.bind(a, s.port); err != nil {
			return fmt.Errorf("bind the resolver's address: %w", err)
		}
	}
	return nil
}

// bind binds the socket, also to an address that is nobody's, and listens.
func (s *socket) bind(a netip.Addr, port uint16) error {
	unix.SetsockoptInt(s.fd, unix.SOL_IP, unix.IP_FREEBIND, 1)
	if s.Family == unix.AF_INET6 && !a.IsUnspecified() {
		unix.SetsockoptInt(s.fd, unix.SOL_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if s.Family == unix.AF_INET6 && a.IsUnspecified() { // whatever sysctl net.ipv6.bindv6only says
		unix.SetsockoptInt(s.fd, unix.SOL_IPV6, unix.IPV6_V6ONLY, 0)
	}
	if err := unix.Bind(s.fd, address(a, port)); err != nil {
		return err
	}
	if s.Type != listener {
		return nil
	}
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return err
	}
	return unix.Listen(s.fd, backlog)
}

// backlog is how many connections may wait to be accepted, listen(2).
const backlog = 4096
