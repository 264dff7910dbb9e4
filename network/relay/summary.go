package relay

import "github.com/usandbox/usandbox/network"

// Summary is what a [Relay] did.
type Summary struct {
	Allowed uint64 // connections and flows that reached their server
	Failed  uint64 // that a rule allowed, and that could not be made
	Denied  uint64 // connections, flows and look-ups of names that no rule allowed
	Out, In uint64 // bytes from the sandbox, to the sandbox

	// Refused are the names and addresses that were denied, in the order in which they came
	// first. There are at most MaxRefused; More are left out.
	Refused []Refused
	More    uint64

	// LogDropped are lines of the logs that were left out.
	LogDropped uint64
}

// MaxRefused is how many names a [Summary] has at most.
const MaxRefused = 100

// Refused is a name or an address that was denied.
type Refused struct {
	Protocol network.Protocol // Any: nothing but its address was asked for
	Name     string           // or an address, as text
	Ports    []uint16         // sorted; some of them
	Count    uint64
	Programs []string // some of them
	Reason   string

	// Allow is the flag that would allow it, as it would be typed; empty: none would.
	Allow string
}
