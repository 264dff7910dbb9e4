package inside

import (
	"net/netip"

	"github.com/usandbox/usandbox/network"
)

// Client tells who in the sandbox has the connection, or the UDP socket, with the address:
// process id outside, and name. For reports only: it is not always found, and a program can
// call itself anything.
func (n *Namespace) Client(proto network.Protocol, client netip.AddrPort) (pid int, program string, ok bool) {
	return 0, "", false
}
