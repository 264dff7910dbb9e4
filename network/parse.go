package network

import (
	"net/netip"
	"strings"
)

// maxSpec is longer than any rule that makes sense, with every port in it.
const maxSpec = 4096

// ParseAllow reads a rule of Policy.Allow; or, of "@FILE", all rules of a list:
//
//	NAME[:PORTS]           example.org is example.org:80,443; *.example.org is all names below
//	ADDR[:PORTS]           192.0.2.1:22, [2001:db8::1]:443
//	PREFIX[:PORTS]         192.0.2.0/24:443, [2001:db8::/32]:443
//	udp/NAME:PORTS         any of these with udp/ in front, which needs ports
//	tcp/NAME[:PORTS]       what is meant without it
//
// PORTS are numbers and ranges with commas between, 80,443,8000-8010, or * for all. A
// prefix has no bits set behind its length. origin is the flag that the rule stands
// behind, as "--allow".
//
// What cannot be read is a *SyntaxError. What stands in a list that cannot be read is a
// *SyntaxError that says in which line, or an error of open(2) or read(2).
func ParseAllow(spec, origin string) ([]Rule, error) { return parse(spec, origin, false) }

// ParseDeny reads a rule of Policy.Deny, or a list, as ParseAllow does. A rule with no
// ports is about all of them, and one with no udp/ or tcp/ about both protocols.
func ParseDeny(spec, origin string) ([]Rule, error) { return parse(spec, origin, true) }

func parse(spec, origin string, deny bool) ([]Rule, error) {
	if strings.HasPrefix(spec, "@") {
		return readList(spec, deny)
	}
	r, err := parseRule(spec, deny)
	if err != nil {
		return nil, err
	}
	r.Origin = strings.TrimPrefix(origin+" "+spec, " ")
	return []Rule{r}, nil
}

// parseRule reads one rule, which is no list.
func parseRule(spec string, deny bool) (Rule, error) {
	if len(spec) > maxSpec {
		return Rule{}, problem(spec[:40]+"...", "longer than a rule can be", "")
	}
	var r Rule
	rest, ports, hasPorts, err := splitProtocol(spec, &r)
	if err != nil {
		return r, err
	}
	if err := r.setTarget(spec, rest); err != nil {
		return r, err
	}
	switch {
	case hasPorts:
		if r.Ports, err = parsePorts(spec, ports); err != nil {
			return r, err
		}
	case deny:
	case r.Protocol == UDP:
		return r, problem(spec, "a rule for UDP needs a port", spec+":53, or "+spec+":* for all")
	default:
		r.Ports = webPorts()
	}
	if r.Protocol == Any && !deny {
		r.Protocol = TCP
	}
	return r, nil
}

// splitProtocol takes the protocol from the front, and the ports from the end.
func splitProtocol(spec string, r *Rule) (target, ports string, hasPorts bool, err error) {
	rest := spec
	switch {
	case strings.Contains(spec, "://"):
		return "", "", false, problem(spec, "that is a URL", "write its host: --allow example.org:443")
	case strings.HasPrefix(rest, "udp/"):
		r.Protocol, rest = UDP, rest[4:]
	case strings.HasPrefix(rest, "tcp/"):
		r.Protocol, rest = TCP, rest[4:]
	}
	if after, ok := strings.CutPrefix(rest, "["); ok {
		inside, after, closed := strings.Cut(after, "]")
		switch {
		case !closed:
			return "", "", false, problem(spec, "the bracket is not closed", "")
		case after == "":
			return "[" + inside + "]", "", false, nil
		case after[0] != ':':
			return "", "", false, problem(spec, "what follows the bracket is :PORT", prefixHint(inside, after))
		}
		return "[" + inside + "]", after[1:], true, nil
	}
	if strings.Count(rest, ":") > 1 { // IPv6
		if p, err := netip.ParsePrefix(rest); err == nil && p.Addr().Is6() {
			return "[" + rest + "]", "", false, nil
		}
		return "", "", false, problem(spec, "an IPv6 address stands in brackets", "[2001:db8::1], or with a port [2001:db8::1]:443")
	}
	target, ports, hasPorts = strings.Cut(rest, ":")
	if hasPorts && ports == "" {
		return "", "", false, problem(spec, "no port follows the colon", "")
	}
	return target, ports, hasPorts, nil
}

func prefixHint(inside, after string) string {
	if length, _, _ := strings.Cut(after, ":"); strings.HasPrefix(length, "/") {
		return "the length is written in the brackets: [" + inside + length + "]"
	}
	return ""
}

// setTarget sets the name or the addresses.
func (r *Rule) setTarget(spec, target string) (err error) {
	bare, bracketed := strings.CutPrefix(target, "[")
	bare = strings.TrimSuffix(bare, "]")
	if !bracketed {
		if below, ok := strings.CutPrefix(target, "*."); ok {
			r.Name, err = checkWildcard(spec, below)
			return err
		}
		if target == "*" {
			return problem(spec, "that is every name", "use --net open for all but what is private")
		}
	}
	if addr, err := netip.ParseAddr(bare); err == nil {
		if !bracketed && addr.Is6() || bracketed && !addr.Is6() {
			return problem(spec, "brackets are for IPv6 addresses", "")
		}
		if addr.Zone() != "" {
			return problem(spec, "an address of one interface cannot be named", "leave %"+addr.Zone()+" out")
		}
		return r.setPrefix(spec, netip.PrefixFrom(addr, addr.BitLen()))
	}
	if p, err := netip.ParsePrefix(bare); err == nil {
		return r.setPrefix(spec, p)
	}
	switch {
	case bracketed:
		return problem(spec, "what stands in brackets is no IPv6 address", "")
	case strings.Contains(target, "/"):
		return problem(spec, "that is neither a name nor a range of addresses", "a rule is NAME[:PORT], or 192.0.2.0/24:PORT; no path belongs to it")
	}
	r.Name, err = CheckName(target)
	return respell(err, spec)
}

// setPrefix sets the addresses, in the form that is compared with.
func (r *Rule) setPrefix(spec string, p netip.Prefix) error {
	switch {
	case p != p.Masked():
		return problem(spec, "bits are set behind the length of the prefix", "did you mean "+p.Masked().String()+"?")
	case p.Addr().Is4In6() && p.Bits() < 96:
		return problem(spec, "the range is of IPv4 addresses in part", "write these as 192.0.2.0/24")
	case p.Addr().Is4In6():
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	r.Prefix = p
	return nil
}
