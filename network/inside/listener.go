package inside

import (
	"net/netip"
	"os"
)

// Listener is a listening TCP socket, which does not block.
type Listener struct {
	File *os.File // the Namespace's

	// Port is the one that it listens on; 0: connections to many ports arrive here.
	Port uint16

	// Original is where an accepted connection was to go. Addresses of IPv4 are not in the
	// form of IPv6.
	Original func(fd int) (netip.AddrPort, error)
}
