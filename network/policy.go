package network

import "net/netip"

// Mode is how a sandbox reaches the network.
type Mode uint8

const (
	None  Mode = iota // a loopback interface of its own, nothing else
	Named             // exactly what Policy.Allow names
	Open              // everything but what is refused always, and Policy.Deny
	Pasta             // the external program pasta(1), which knows nothing of rules
)

// Policy is what a sandbox may reach. The zero value is nothing.
type Policy struct {
	Mode Mode

	// Allow and Deny are rules; what one of Deny matches is denied. With Named, an empty
	// list allows nothing.
	Allow, Deny []Rule

	// Ask says that somebody is asked about names that no rule names, with Named: so
	// connections to any port of them arrive where that is done.
	Ask bool

	// Hosts are names with an address that is used in place of the resolver's. It counts
	// as named: it may be one that is refused otherwise.
	Hosts []HostAddress

	// Publish are ports of the sandbox that can be reached from outside.
	Publish []Published

	// NoNameCheck lets through connections in which the client says another name (TLS
	// server name, HTTP Host) than the one it connects to.
	NoNameCheck bool
}

// HostAddress is a name with its address.
type HostAddress struct {
	Name   string // in the form of Rule.Name, without wildcard
	Addr   netip.Addr
	Origin string
}

// Published is a port of the host that leads into the sandbox.
type Published struct {
	Protocol Protocol       // TCP or UDP
	Host     netip.AddrPort // port 0: any that is free
	Port     uint16         // in the sandbox
	Origin   string
}

// EveryPort reports whether connections to ports that no rule names have to arrive at the
// relay.
func (p *Policy) EveryPort() bool { return p.Mode == Open || p.Mode == Named && p.Ask }

// Relayed reports whether the sandbox needs a supervisor that relays.
func (p *Policy) Relayed() bool {
	return p.Mode == Named || p.Mode == Open || len(p.Publish) > 0
}
