package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Rules is a policy that is asked, and that rules can be added to meanwhile. It may be
// used by several goroutines.
type Rules struct {
	own    *Own
	adding sync.Mutex
	table  atomic.Pointer[table] // never changed, only replaced
}

// NewRules makes the rules of a policy, which is copied.
func NewRules(p Policy) *Rules { return NewRulesWithOwn(p, &Own{}) }

// NewRulesWithOwn is NewRules for a machine with other addresses than this one's.
func NewRulesWithOwn(p Policy, own *Own) *Rules {
	r := &Rules{own: own}
	r.table.Store(newTable(p.clone()))
	return r
}

// Policy is what the rules are now. Its lists are the caller's, the ports of the rules
// are not to be changed.
func (r *Rules) Policy() Policy { return r.table.Load().policy.clone() }

// Add adds rules to those of Policy.Allow, or of Policy.Deny. They count from now on.
// One that is there already is not added again. More than MaxListRules of one kind are
// an error, and nothing is added then.
func (r *Rules) Add(allow bool, rules ...Rule) error {
	r.adding.Lock()
	defer r.adding.Unlock()
	p := r.Policy()
	list := &p.Deny
	if allow {
		list = &p.Allow
	}
	there := make(map[string]bool, len(*list))
	for _, rule := range *list {
		there[rule.DenyString()] = true
	}
	for _, add := range rules {
		if key := add.DenyString(); !there[key] {
			there[key] = true
			*list = append(*list, add)
		}
	}
	if len(*list) > MaxListRules {
		return fmt.Errorf("more than %d rules", MaxListRules)
	}
	r.table.Store(newTable(p))
	return nil
}

func (p Policy) clone() Policy {
	p.Allow, p.Deny = slices.Clone(p.Allow), slices.Clone(p.Deny)
	p.Hosts, p.Publish = slices.Clone(p.Hosts), slices.Clone(p.Publish)
	return p
}

// Known reports whether a name exists for the sandbox: whether there is a port at which
// it may be connected to.
func (r *Rules) Known(name string) bool {
	name, err := CheckName(name)
	return err == nil && r.table.Load().known(name)
}

// Name decides about a name, TCP or UDP, and a port.
func (r *Rules) Name(proto Protocol, name string, port uint16) Verdict {
	name, err := CheckName(name)
	if err != nil {
		return Verdict{Reason: "no name of a host"}
	}
	t := r.table.Load()
	if rule := t.deny.name(proto, name, port); rule != nil {
		return denied(rule)
	}
	if rule := t.allow.name(proto, name, port); rule != nil {
		return Verdict{Allowed: true, Rule: rule}
	}
	if t.policy.Mode == Open {
		return Verdict{Allowed: true}
	}
	flag := Rule{Protocol: proto, Name: name, Ports: []PortRange{{port, port}}}
	return Verdict{Reason: "no rule names it", Flag: "--allow " + flag.String()}
}

// Address decides about an address that a client connects to without a name. Nothing but
// a rule for addresses allows it, or with Open that it is not refused always.
func (r *Rules) Address(proto Protocol, a netip.AddrPort) Verdict {
	t := r.table.Load()
	addr := a.Addr().Unmap().WithZone("")
	if rule := t.denies(proto, addr, a.Port()); rule != nil {
		return denied(rule)
	}
	rule, why, err := r.addressRule(t, proto, addr, a.Port())
	flag := addressFlag(proto, addr, a.Port())
	switch {
	case err != nil:
		return Verdict{Reason: err.Error()}
	case why != "":
		return Verdict{Reason: why, Flag: flag}
	case rule != nil:
		return Verdict{Allowed: true, Rule: rule}
	case t.policy.Mode == Open:
		return Verdict{Allowed: true}
	}
	return Verdict{Reason: "no rule names it", Flag: flag}
}

// Dialled decides, once more, about an address that a name was found to have, just before
// it is connected to. A name may lead anywhere: v, which allowed the name, allows no
// address that is refused always, unless Policy.Hosts gives the name this address or a
// rule names the address; and a rule that denies the address denies it. The error is a
// *RefusedError.
func (r *Rules) Dialled(v Verdict, proto Protocol, name string, a netip.AddrPort) error {
	t := r.table.Load()
	addr := a.Addr().Unmap().WithZone("")
	refuse := func(reason, flag string) error {
		return &RefusedError{Addr: netip.AddrPortFrom(addr, a.Port()).String(), Reason: reason, Flag: flag}
	}
	if !v.Allowed {
		return refuse(v.Reason, v.Flag)
	}
	if rule := t.denies(proto, addr, a.Port()); rule != nil {
		return refuse(denied(rule).Reason, "")
	}
	if slices.Contains(t.hosts[normal(name)], addr) {
		return nil
	}
	_, why, err := r.addressRule(t, proto, addr, a.Port())
	switch {
	case err != nil:
		return refuse(err.Error(), "")
	case why != "" && !r.outerName(addr):
		return refuse(why, addressFlag(proto, addr, a.Port()))
	}
	return nil
}

// outerName reports whether an address is one that a sandbox gives a name, and this process
// runs in a sandbox: who connects to it there connects to the name, by the rules of that one.
func (r *Rules) outerName(a netip.Addr) bool {
	for _, x := range outerSandbox() {
		if x.all.Contains(a) && !x.own.Contains(a) {
			in, err := r.own.Has(x.self)
			return in && err == nil
		}
	}
	return false
}

// HostAddresses are the addresses that Policy.Hosts gives a name, in the order given.
// Nil: the resolver is asked.
func (r *Rules) HostAddresses(name string) []netip.Addr {
	return slices.Clone(r.table.Load().hosts[normal(name)])
}

// addressRule is the rule that names an address, and why it is refused if none does in
// the way that is needed: a range that is refused is named by a rule for it or for a part
// of it, not by one for the whole Internet; and the machine's own address by one for
// that alone.
func (r *Rules) addressRule(t *table, proto Protocol, addr netip.Addr, port uint16) (rule *Rule, why string, err error) {
	refused, why, isRefused := refusedRange(addr)
	own := false
	for _, a := range append(embedded(addr), addr) {
		if a.IsLoopback() || own {
			continue
		}
		if own, err = r.own.Has(a); err != nil {
			return nil, "", fmt.Errorf("the machine's own addresses cannot be found out: %w", err)
		}
	}
	bits := 0
	switch {
	case own:
		bits, why = addr.BitLen(), whyOwn
	case isRefused:
		bits = refused.Bits()
	}
	if rule = t.allow.address(proto, addr, port, bits); rule != nil {
		return rule, "", nil
	}
	return nil, why, nil
}

func denied(rule *Rule) Verdict {
	return Verdict{Rule: rule, Reason: "denied by " + rule.Origin}
}

// normal is a name as the rules have it, without a check.
func normal(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func addressFlag(proto Protocol, a netip.Addr, port uint16) string {
	if !a.IsValid() || port == 0 {
		return ""
	}
	return "--allow " + Rule{Protocol: proto, Prefix: netip.PrefixFrom(a, a.BitLen()), Ports: []PortRange{{port, port}}}.String()
}
