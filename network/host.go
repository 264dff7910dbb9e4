package network

import (
	"net/netip"
	"strings"
)

// ParseHost reads NAME=ADDR, a name with the address that is used in place of the
// resolver's. An IPv6 address may stand in brackets. origin is the flag, as "--hosts".
func ParseHost(spec, origin string) (HostAddress, error) {
	if len(spec) > maxSpec {
		return HostAddress{}, problem(spec[:40]+"...", "longer than a name with an address", "")
	}
	left, right, ok := strings.Cut(spec, "=")
	if !ok {
		return HostAddress{}, problem(spec, "want NAME=ADDR", "")
	}
	name, err := CheckName(left)
	if err != nil {
		return HostAddress{}, respell(err, spec)
	}
	bare, bracketed := strings.CutPrefix(right, "[")
	if bracketed {
		bare, bracketed = strings.CutSuffix(bare, "]")
	}
	addr, err := netip.ParseAddr(bare)
	switch {
	case err != nil || bracketed != strings.HasPrefix(right, "[") || bracketed && !addr.Is6():
		return HostAddress{}, problem(spec, "what follows the = is no address", "NAME=192.0.2.1, or NAME=2001:db8::1; a port belongs to --allow")
	case addr.Zone() != "":
		return HostAddress{}, problem(spec, "an address of one interface cannot be named", "leave %"+addr.Zone()+" out")
	case addr.Unmap().IsUnspecified(), addr.Unmap().IsMulticast():
		return HostAddress{}, problem(spec, "that is no host's address", "")
	}
	return HostAddress{Name: name, Addr: addr.Unmap(), Origin: strings.TrimPrefix(origin+" "+spec, " ")}, nil
}

// String is the name with its address, as ParseHost reads it.
func (h HostAddress) String() string { return h.Name + "=" + h.Addr.String() }
