package relay

import (
	"errors"
	"net/netip"

	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/network/dns"
)

// verdict decides about an address that a program in the sandbox uses: it is that of a
// name, or stands for itself.
func (r *Relay) verdict(proto network.Protocol, to netip.AddrPort) (name string, v network.Verdict) {
	a := to.Addr()
	if a.IsLoopback() || a.IsUnspecified() || !a.IsValid() {
		return "", network.Verdict{Reason: "the sandbox's own address"}
	}
	if name, ok := r.pool.Name(a); ok {
		return name, r.rules.Name(proto, name, to.Port())
	}
	if dns.Own(a) {
		return "", network.Verdict{Reason: "an address that no name has"}
	}
	return "", r.rules.Address(proto, to)
}

// asks reports whether the user is to be asked about a name: no rule says anything of it.
func (r *Relay) asks(name string, v network.Verdict) bool {
	return r.asker != nil && name != "" && !v.Allowed && v.Rule == nil
}

// target is where a connection, or a flow, leads.
type target struct {
	proto   network.Protocol
	to      netip.AddrPort // as the program in the sandbox has it
	name    string         // empty: to stands for itself
	verdict network.Verdict
	asked   bool           // the user allowed it, once
	dialled netip.AddrPort // the address outside; invalid: none yet
}

// again decides about a target once more, by the rules of now.
func (r *Relay) again(t *target) (v network.Verdict) {
	if t.name == "" {
		v = r.rules.Address(t.proto, t.to)
	} else {
		v = r.rules.Name(t.proto, t.name, t.to.Port())
	}
	if t.asked && v.Rule == nil {
		v = network.Verdict{Allowed: true}
	}
	if v.Allowed && t.dialled.IsValid() {
		if err := r.rules.Dialled(v, t.proto, t.name, t.dialled); err != nil {
			v = refusal(err)
		}
	}
	return v
}

// refusal is the verdict that an error of Rules.Dialled stands for.
func refusal(err error) network.Verdict {
	var refused *network.RefusedError
	if errors.As(err, &refused) {
		return network.Verdict{Reason: refused.Error(), Flag: refused.Flag}
	}
	return network.Verdict{Reason: err.Error()}
}

// label is what a target is called in logs and summaries.
func (t *target) label() string {
	if t.name != "" {
		return t.name
	}
	return t.to.Addr().String()
}
