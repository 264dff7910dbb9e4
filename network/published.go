package network

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ParsePublished reads [ADDR:]HOSTPORT:PORT[/udp], a port of the host that leads to one
// of the sandbox. ADDR is 127.0.0.1 if it is not given, and an IPv6 one stands in
// brackets; HOSTPORT 0 stands for any that is free. origin is the flag, as "--publish".
func ParsePublished(spec, origin string) (Published, error) {
	none := Published{}
	if len(spec) > maxSpec {
		return none, problem(spec[:40]+"...", "longer than ports can be", "")
	}
	p := Published{Protocol: TCP, Origin: strings.TrimPrefix(origin+" "+spec, " ")}
	rest, proto, has := strings.Cut(spec, "/")
	switch {
	case has && proto == "udp":
		p.Protocol = UDP
	case has && proto != "tcp":
		return none, problem(spec, fmt.Sprintf("%q is neither tcp nor udp", proto), "")
	}
	addr := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if inside, ok := strings.CutPrefix(rest, "["); ok {
		text, after, closed := strings.Cut(inside, "]:")
		a, err := netip.ParseAddr(text)
		if !closed || err != nil || !a.Is6() || a.Zone() != "" {
			return none, problem(spec, "what stands in brackets is no IPv6 address", "[::1]:8080:80")
		}
		addr, rest = a.Unmap(), after
	} else if strings.Count(rest, ":") == 2 {
		text, after, _ := strings.Cut(rest, ":")
		a, err := netip.ParseAddr(text)
		if err != nil {
			return none, problem(spec, fmt.Sprintf("%q is no address", text), "127.0.0.1:8080:80; an IPv6 address stands in brackets")
		}
		addr, rest = a, after
	}
	host, port, two := strings.Cut(rest, ":")
	if !two {
		return none, problem(spec, "want [ADDR:]HOSTPORT:PORT", publishHint(rest))
	}
	var ok bool
	if host != "0" {
		if p.Port, ok = parsePort(host); !ok {
			return none, problem(spec, fmt.Sprintf("%q is no port from 1 to 65535, nor 0 for any", host), "")
		}
	}
	p.Host = netip.AddrPortFrom(addr, p.Port)
	if p.Port, ok = parsePort(port); !ok {
		return none, problem(spec, fmt.Sprintf("%q is no port from 1 to 65535", port), "")
	}
	if addr.IsMulticast() {
		return none, problem(spec, "nobody can connect to "+addr.String(), "")
	}
	return p, nil
}

func publishHint(port string) string {
	if _, ok := parsePort(port); ok {
		return fmt.Sprintf("%s:%s, or 0:%s for any port of the host that is free", port, port, port)
	}
	return ""
}

// String is the port as ParsePublished reads it, always with the address.
func (p Published) String() string {
	s := p.Host.String() + ":" + strconv.Itoa(int(p.Port))
	if p.Protocol == UDP {
		s += "/udp"
	}
	return s
}
