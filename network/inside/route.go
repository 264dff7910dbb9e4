package inside

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// loopback is the index of the loopback interface of every network namespace.
const loopback = 1

// destination is where a route leads.
type destination uint8

const (
	local       destination = unix.RTN_LOCAL       // to a socket here
	unreachable destination = unix.RTN_UNREACHABLE // EHOSTUNREACH
)

// route is an entry of the table of what is local, rtnetlink(7), which the kernel looks at first.
type route struct {
	prefix netip.Prefix
	to     destination
}

func (r route) String() string {
	if r.to == local {
		return fmt.Sprintf("make %v local", r.prefix)
	}
	return fmt.Sprintf("make %v unreachable", r.prefix)
}

// routes are what makes the outside local, but for the refused ranges. A named prefix is local
// all the same.
func routes(refused, named []netip.Prefix) []route {
	list := []route{{netip.PrefixFrom(netip.IPv4Unspecified(), 0), local}, {netip.PrefixFrom(netip.IPv6Unspecified(), 0), local}}
	for _, r := range refused {
		if r.Addr().IsLoopback() || within(r, all4) || within(r, all6) {
			continue // here these are the sandbox's own
		}
		if slices.ContainsFunc(named, func(n netip.Prefix) bool { return within(r, n) }) {
			list = append(list, route{r.Masked(), local}) // it may have been unreachable before
			continue
		}
		list = append(list, route{r.Masked(), unreachable})
		for _, n := range append([]netip.Prefix{all4, all6}, named...) {
			if add := (route{n.Masked(), local}); within(n, r) && !slices.Contains(list, add) {
				list = append(list, add)
			}
		}
	}
	return list
}

// within reports whether all of a prefix is in another.
func within(p, of netip.Prefix) bool { return p.Bits() >= of.Bits() && of.Contains(p.Addr()) }

func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// addAddress appends: give the loopback interface an address.
func (r *request) addAddress(a netip.Addr) {
	r.begin(fmt.Sprintf("give the loopback interface the address %v", a), unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	r.buf = append(r.buf, family(a), uint8(a.BitLen()), 0, unix.RT_SCOPE_UNIVERSE, loopback, 0, 0, 0) // struct ifaddrmsg
	if a.Is6() {
		r.buf[len(r.buf)-6] = unix.IFA_F_NODAD
	}
	r.attribute(unix.IFA_LOCAL, a.AsSlice()...)
	r.attribute(unix.IFA_ADDRESS, a.AsSlice()...)
}

// addRoute appends: add a route, or replace the one to the same addresses.
func (r *request) addRoute(x route) {
	r.begin(x.String(), unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	a, scope := x.prefix.Addr(), uint8(unix.RT_SCOPE_UNIVERSE)
	if x.to == local {
		scope = unix.RT_SCOPE_HOST
	}
	// struct rtmsg
	r.buf = append(r.buf, family(a), uint8(x.prefix.Bits()), 0, 0, unix.RT_TABLE_LOCAL, unix.RTPROT_STATIC, scope, uint8(x.to), 0, 0, 0, 0)
	if x.prefix.Bits() > 0 {
		r.attribute(unix.RTA_DST, a.AsSlice()...)
	}
	if x.to == unreachable {
		return
	}
	r.number(unix.RTA_OIF, loopback)
	if a.Is4() {
		r.attribute(unix.RTA_PREFSRC, Self4.AsSlice()...)
	} else {
		r.attribute(unix.RTA_PREFSRC, Self6.AsSlice()...)
	}
}
