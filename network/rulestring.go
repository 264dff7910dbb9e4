package network

import "strings"

// String is the rule as ParseAllow reads it, with its ports: "example.org:80,443",
// "udp/[2001:db8::1]:53". Of a rule of Policy.Deny, use DenyString.
func (r Rule) String() string {
	switch r.Protocol {
	case UDP:
		return "udp/" + r.target() + ":" + portsString(r.Ports)
	case Any:
		return "any/" + r.target() + ":" + portsString(r.Ports) // no rule of Policy.Allow is so
	}
	return r.target() + ":" + portsString(r.Ports)
}

// DenyString is the rule as ParseDeny reads it: "example.org", "tcp/example.org:443".
func (r Rule) DenyString() string {
	var b strings.Builder
	if r.Protocol != Any {
		b.WriteString(r.Protocol.String() + "/")
	}
	b.WriteString(r.target())
	if len(r.Ports) > 0 {
		b.WriteString(":" + portsString(r.Ports))
	}
	return b.String()
}

// target is the name, or the addresses: one without its length.
func (r Rule) target() string {
	if r.Name != "" {
		return r.Name
	}
	text := r.Prefix.String()
	if r.Prefix.IsSingleIP() {
		text = r.Prefix.Addr().String()
	}
	if r.Prefix.Addr().Is6() {
		return "[" + text + "]"
	}
	return text
}
