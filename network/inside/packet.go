package inside

import "net/netip"

// Packet is a UDP socket that packets to addresses of the outside arrive at.
type Packet struct {
	// Port is the one that it is bound to; 0: packets to many ports arrive here.
	Port uint16
}

// ReadFrom waits for a packet and puts it into b: n bytes, of the client in the sandbox, to where it
// was to go. A packet that is longer is cut. net.ErrClosed after Close of the Namespace.
func (p *Packet) ReadFrom(b []byte) (n int, client, to netip.AddrPort, err error) { return }

// WriteTo sends a packet to a client, as if it came from an address of the outside.
func (p *Packet) WriteTo(b []byte, from, client netip.AddrPort) error { return nil }
