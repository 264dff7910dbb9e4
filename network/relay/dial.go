package relay

import (
	"context"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// connect connects to a target from the host's side: to its name, not to the address that
// the sandbox has for it. The addresses that the name has are checked one by one, each
// right before it is used.
func (r *Relay) connect(ctx context.Context, t *target) (fd int, a netip.AddrPort, err error) {
	return r.race(t).run(ctx)
}

// race is how connect connects.
func (r *Relay) race(t *target) *race {
	c := connector{kind: unix.SOCK_STREAM, check: func(a netip.AddrPort) error {
		return r.rules.Dialled(t.verdict, t.proto, t.name, a)
	}}
	if t.proto == network.UDP {
		c.kind = unix.SOCK_DGRAM
	}
	race := &race{port: t.to.Port(), begin: c.begin, wait: wait, more: r.extra.try, less: r.extra.give}
	r.candidates(race, t)
	return race
}

// candidates tells a race the addresses of a target, or how they are found.
func (r *Relay) candidates(race *race, t *target) {
	given := []netip.Addr{t.to.Addr()}
	if t.name != "" {
		given = r.rules.HostAddresses(t.name)
	}
	for _, a := range given {
		if a = a.Unmap().WithZone(""); a.Is4() {
			race.pending[1] = append(race.pending[1], a)
		} else {
			race.pending[0] = append(race.pending[0], a)
		}
	}
	if len(given) > 0 {
		return
	}
	for family := range race.lookups {
		if addrs, ok := r.lookups.cached(t.name, family); ok {
			race.pending[family] = cut(addrs)
			continue
		}
		race.lookups[family] = func(ctx context.Context) ([]netip.Addr, error) {
			return r.lookups.find(ctx, t.name, family)
		}
	}
}
