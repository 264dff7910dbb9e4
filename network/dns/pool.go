package dns

import (
	"encoding/binary"
	"net/netip"
	"sync"
)

// MaxNames is how many names a Pool keeps at most: what fits into 16 bits, and into
// 198.18.0.0/15.
const MaxNames = 65536

// bytesPerName bounds the length of all names together, as a mean.
const bytesPerName = 64

var (
	own4 = netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15)
	own6 = netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x53, 0x6e, 0x64, 0x62, 0x78}), 48)
)

// Own reports whether an address is one of those that sandboxes have for themselves:
// 198.18.0.0/15, RFC 2544, or fd53:6e64:6278::/48, RFC 4193. A relay must not connect
// to such an address outside, whether a name of a [Pool] has it or not.
func Own(a netip.Addr) bool {
	a = a.Unmap()
	return own4.Contains(a) || own6.Contains(a.WithZone(""))
}

// Pool gives names addresses, from 198.18.1.1 and fd53:6e64:6278:1::1 on. A name keeps
// its addresses as long as the Pool lives, and no address is ever another name's.
// It needs less than 200 bytes for a name. It is safe for concurrent use.
type Pool struct {
	mu    sync.RWMutex
	max   int
	room  int // bytes left for names
	index map[string]uint32
	names []string // the n-th has the addresses of n+1
}

// NewPool returns an empty Pool for at most max names. 0 and what is more than MaxNames
// mean MaxNames. The names may have 64 bytes each in the mean; where they are longer,
// fewer fit.
func NewPool(max int) *Pool {
	if max <= 0 || max > MaxNames {
		max = MaxNames
	}
	return &Pool{max: max, room: max * bytesPerName, index: make(map[string]uint32)}
}

// Addresses returns the addresses of a name in the form of [network.Rule], and makes
// them if need be. ok is false if the Pool is full, or the name is none.
func (p *Pool) Addresses(name string) (v4, v6 netip.Addr, ok bool) {
	p.mu.RLock()
	n, ok := p.index[name]
	p.mu.RUnlock()
	if !ok {
		if n, ok = p.add(name); !ok {
			return netip.Addr{}, netip.Addr{}, false
		}
	}
	v4, v6 = addresses(n)
	return v4, v6, true
}

// Has reports whether a name has addresses.
func (p *Pool) Has(name string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, ok := p.index[name]
	return ok
}

// Name returns the name that has an address. An IPv4 address may be written as one of
// IPv6 (::ffff:198.18.1.1), as a socket for both gives it.
func (p *Pool) Name(a netip.Addr) (name string, ok bool) {
	n, ok := indexOf(a.Unmap())
	if !ok {
		return "", false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if n < 1 || uint64(n) > uint64(len(p.names)) {
		return "", false
	}
	return p.names[n-1], true
}

// Len is how many names have addresses.
func (p *Pool) Len() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.names)
}

func (p *Pool) add(name string) (uint32, bool) {
	if name == "" || len(name) > maxName {
		return 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.index[name]; ok {
		return n, true
	}
	if len(p.names) >= p.max || len(name) > p.room {
		return 0, false
	}
	name = string([]byte(name)) // it may be a piece of something bigger
	p.room -= len(name)
	p.names = append(p.names, name)
	n := uint32(len(p.names))
	p.index[name] = n
	return n, true
}

// addresses are 198.18.1.0 + n and fd53:6e64:6278:1::n.
func addresses(n uint32) (v4, v6 netip.Addr) {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], 198<<24|18<<16|1<<8+n)
	b := own6.Addr().As16()
	b[7] = 1
	binary.BigEndian.PutUint32(b[12:], n)
	return netip.AddrFrom4(a), netip.AddrFrom16(b)
}

// indexOf is the inverse of addresses; 0 is no name's.
func indexOf(a netip.Addr) (uint32, bool) {
	var n uint32
	switch {
	case own4.Contains(a):
		b := a.As4()
		n = binary.BigEndian.Uint32(b[:]) - (198<<24 | 18<<16 | 1<<8)
	case own6.Contains(a):
		b := a.As16()
		n = binary.BigEndian.Uint32(b[12:])
	default:
		return 0, false
	}
	if n < 1 || n > MaxNames {
		return 0, false
	}
	v4, v6 := addresses(n)
	return n, a == v4 || a == v6
}
