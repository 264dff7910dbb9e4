package inside

import (
	"cmp"
	"slices"

	"github.com/usandbox/usandbox/network"
)

// ports are those of one protocol that connections, or packets, to the outside may go to.
type ports struct {
	own    []uint16            // each has a socket of its own
	caught []network.PortRange // these go to one socket by nf_tables; sorted, apart
}

const (
	// privileged is the first port that the command may bind to without a capability: a
	// listener of ours must not take one of these from it.
	privileged = 1024

	// maxOwn bounds the sockets of one protocol.
	maxOwn = 64

	// maxCaught bounds the rules of one protocol.
	maxCaught = 256

	domain = 53 // the resolver's
)

// portsOf are the ports of a protocol that a policy wants. Without nf_tables every port has to
// have a socket of its own.
func portsOf(rules []network.Rule, open bool, proto network.Protocol, nft bool) ports {
	if open {
		return ports{caught: everyPort()}
	}
	var ranges []network.PortRange
	for _, r := range rules {
		switch {
		case r.Protocol != proto && r.Protocol != network.Any:
		case len(r.Ports) == 0:
			ranges = append(ranges, everyPort()...)
		default:
			for _, x := range r.Ports {
				ranges = append(ranges, withoutDomain(x)...)
			}
		}
	}
	return split(merge(ranges), nft)
}

// everyPort is any but the resolver's: nobody outside is asked for names.
func everyPort() []network.PortRange {
	return []network.PortRange{{First: 1, Last: domain - 1}, {First: domain + 1, Last: 1<<16 - 1}}
}

// withoutDomain is a range without port 53, unless it is nothing else.
func withoutDomain(x network.PortRange) []network.PortRange {
	if x.First == x.Last || x.First > domain || x.Last < domain {
		return []network.PortRange{x}
	}
	var list []network.PortRange
	if x.First < domain {
		list = append(list, network.PortRange{First: x.First, Last: domain - 1})
	}
	if x.Last > domain {
		list = append(list, network.PortRange{First: domain + 1, Last: x.Last})
	}
	return list
}

// merge sorts ranges, and makes one of those that touch.
func merge(ranges []network.PortRange) (list []network.PortRange) {
	slices.SortFunc(ranges, func(a, b network.PortRange) int { return cmp.Compare(a.First, b.First) })
	for _, x := range ranges {
		if n := len(list); n > 0 && int(x.First) <= int(list[n-1].Last)+1 {
			list[n-1].Last = max(list[n-1].Last, x.Last)
			continue
		}
		list = append(list, x)
	}
	return list
}

// split decides which ports have a socket of their own: those that the command could not bind
// to, if they are few; and all, if they are few, where there is no nf_tables.
func split(ranges []network.PortRange, nft bool) (p ports) {
	limit := privileged - 1
	if !nft {
		limit = 1<<16 - 1
	}
	for _, x := range ranges {
		for port := int(x.First); port <= min(int(x.Last), limit); port++ {
			if port == 0 || port == domain {
				continue
			}
			if len(p.own) == maxOwn {
				return ports{caught: ranges}
			}
			p.own = append(p.own, uint16(port))
		}
		switch {
		case x.First == domain && x.Last == domain:
			p.caught = append(p.caught, x)
		case int(x.Last) > limit:
			p.caught = append(p.caught, network.PortRange{First: max(x.First, uint16(limit+1)), Last: x.Last})
		}
	}
	return p
}
