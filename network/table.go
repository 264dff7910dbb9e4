package network

import (
	"net/netip"
	"strings"
)

// table is a policy in the form that is asked. It is not changed.
type table struct {
	policy      Policy
	allow, deny ruleSet
	hosts       map[string][]netip.Addr
}

// ruleSet finds rules. Names are found by maps: there may be very many, and every
// question and every connection asks.
type ruleSet struct {
	exact    map[string][]*Rule
	below    map[string][]*Rule // example.org: *.example.org
	prefixes []*Rule
}

func newTable(p Policy) *table {
	t := &table{policy: p, allow: newRuleSet(p.Allow), deny: newRuleSet(p.Deny)}
	if len(p.Hosts) > 0 {
		t.hosts = map[string][]netip.Addr{}
	}
	for _, h := range p.Hosts {
		t.hosts[h.Name] = append(t.hosts[h.Name], h.Addr.Unmap())
	}
	return t
}

func newRuleSet(rules []Rule) ruleSet {
	s := ruleSet{exact: map[string][]*Rule{}, below: map[string][]*Rule{}}
	for i := range rules {
		r := &rules[i]
		switch below, wildcard := strings.CutPrefix(r.Name, "*."); {
		case wildcard:
			s.below[below] = append(s.below[below], r)
		case r.Name != "":
			s.exact[r.Name] = append(s.exact[r.Name], r)
		case r.Prefix.IsValid():
			s.prefixes = append(s.prefixes, r)
		}
	}
	return s
}

// forName calls f with each rule for a name until f returns false.
func (s *ruleSet) forName(name string, f func(*Rule) bool) {
	for _, r := range s.exact[name] {
		if !f(r) {
			return
		}
	}
	if len(s.below) == 0 {
		return
	}
	for {
		_, rest, ok := strings.Cut(name, ".")
		if !ok {
			return
		}
		for _, r := range s.below[rest] {
			if !f(r) {
				return
			}
		}
		name = rest
	}
}

// name is the first rule that is about a name, a protocol and a port. Nil: none.
func (s *ruleSet) name(proto Protocol, name string, port uint16) (found *Rule) {
	s.forName(name, func(r *Rule) bool {
		if r.Protocol.covers(proto) && holdsPort(r.Ports, port) {
			found = r
		}
		return found == nil
	})
	return found
}

// address is the first rule for addresses that is about one, a protocol and a port, and
// has at least bits of the address. Nil: none.
func (s *ruleSet) address(proto Protocol, a netip.Addr, port uint16, bits int) *Rule {
	for _, r := range s.prefixes {
		if r.Prefix.Bits() >= bits && r.Prefix.Contains(a) && r.Protocol.covers(proto) && holdsPort(r.Ports, port) {
			return r
		}
	}
	return nil
}

// denies is the rule that denies an address, or an IPv4 one that it stands for.
func (t *table) denies(proto Protocol, a netip.Addr, port uint16) *Rule {
	if len(t.deny.prefixes) == 0 {
		return nil
	}
	if r := t.deny.address(proto, a, port, 0); r != nil {
		return r
	}
	for _, inner := range embedded(a) {
		if r := t.deny.address(proto, inner, port, 0); r != nil {
			return r
		}
	}
	return nil
}

// known reports whether there is a protocol and a port at which a name is allowed.
func (t *table) known(name string) bool {
	for _, proto := range []Protocol{TCP, UDP} {
		if t.policy.Mode == Open && t.portLeft(proto, name, nil) {
			return true
		}
		known := false
		t.allow.forName(name, func(r *Rule) bool {
			known = r.Protocol.covers(proto) && t.portLeft(proto, name, r.Ports)
			return !known
		})
		if known {
			return true
		}
	}
	return false
}

// portLeft reports whether one of ports, nil for all, is not denied to a name. It is
// enough to look at those that begin a range, and those that follow one that is denied.
func (t *table) portLeft(proto Protocol, name string, ports []PortRange) bool {
	if len(ports) == 0 {
		ports = []PortRange{{1, 65535}}
	}
	left := func(port int) bool {
		return port <= 65535 && holdsPort(ports, uint16(port)) && t.deny.name(proto, name, uint16(port)) == nil
	}
	for _, r := range ports {
		if left(int(r.First)) {
			return true
		}
	}
	found := false
	t.deny.forName(name, func(d *Rule) bool {
		for _, r := range d.Ports {
			found = found || left(int(r.Last)+1)
		}
		return !found
	})
	return found
}
