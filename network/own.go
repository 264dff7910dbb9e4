package network

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// ownFor is how long a list of the machine's addresses is believed.
const ownFor = 3 * time.Second

// Own knows the addresses of the machine. It may be used by several goroutines.
type Own struct {
	// List asks for all of them. Nil: those of the interfaces, netdevice(7), and those that
	// the kernel's routes deliver to the machine itself.
	List func() ([]netip.Addr, error)

	mu    sync.Mutex
	asked time.Time
	known map[netip.Addr]bool
}

// Has reports whether an address is one of the machine's. It may be wrong for some
// seconds when addresses change. If they cannot be found out it says so with an error.
func (o *Own) Has(a netip.Addr) (bool, error) {
	a = a.Unmap().WithZone("")
	if o.List == nil {
		if own, ok := delivered(a); ok && own {
			return true, nil
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known == nil || time.Since(o.asked) > ownFor {
		list := o.List
		if list == nil {
			list = interfaceAddresses
		}
		addrs, err := list()
		if err != nil {
			return false, err
		}
		o.known, o.asked = make(map[netip.Addr]bool, len(addrs)), time.Now()
		for _, own := range addrs {
			o.known[own.Unmap().WithZone("")] = true
		}
	}
	return o.known[a], nil
}

func interfaceAddresses() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				addrs = append(addrs, addr)
			}
		}
	}
	return addrs, nil
}
