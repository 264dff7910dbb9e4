package network

import "net/netip"

// Protocol is a transport protocol.
type Protocol uint8

const (
	Any Protocol = iota // in a rule of Policy.Deny: both
	TCP
	UDP
)

// Rule names what is allowed, or denied: by name or by address, never both.
type Rule struct {
	Protocol Protocol

	// Name is a name in lower case, ASCII, without a final dot; "*.example.org" stands for
	// every name below example.org, and not for that itself. Empty: Prefix counts.
	Name   string
	Prefix netip.Prefix

	// Ports are sorted and do not overlap. Empty: all.
	Ports []PortRange

	// Origin is the flag or the line of a file that the rule comes from.
	Origin string
}

// PortRange is First to Last, both included.
type PortRange struct{ First, Last uint16 }
