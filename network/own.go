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
	// List asks for all of them. Nil: the addresses of the interfaces, by netdevice(7).
	List func() ([]netip.Addr, error)

	mu    sync.Mutex
	asked time.Time
	known map[netip.Addr]bool
}

// Has reports whether an address is one of the machine's. It may be wrong for some
// seconds when addresses change. If they cannot be found out it says so with an error.
func (o *Own) Has(a netip.Addr) (bool, error) {
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
	return o.known[a.Unmap().WithZone("")], nil
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
