package inside

import (
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/network"
)

// Socket is a socket to make in the sandbox's network namespace, socket(2).
type Socket = launch.Socket

// Sockets are those that a policy needs, in the order in which [Take] wants them. What this
// kernel cannot make, of IPv6 and nf_tables, is left out: that is tried once, here. None for a
// policy without a relay.
func Sockets(p *network.Policy) []Socket { return nil }

// Compile appends, in a process that is in the network namespace: make the sockets, hand
// them to the supervisor (launch.Attr.Sockets), and keep none.
func Compile(p *launch.Program, s []Socket) { p.HandSockets(s) }
