package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// How long what was looked up counts, and how much is kept.
const (
	lookupCounts = 5 * time.Second
	absentCounts = time.Second
	lookupTakes  = 15 * time.Second
	maxLookups   = 1024
)

// lookups finds addresses of names, and keeps them for a few seconds: a program makes
// many connections to one server. One look-up serves all who wait for it.
type lookups struct {
	ctx      context.Context
	resolver Resolver

	mu    sync.Mutex
	known map[lookupKey]*lookup
}

type lookupKey struct {
	name   string
	family int // 0: IPv6, 1: IPv4
}

type lookup struct {
	done  chan struct{}
	until time.Time // once done is closed
	addrs []netip.Addr
	err   error
}

func newLookups(ctx context.Context, r Resolver) *lookups {
	if r == nil {
		r = net.DefaultResolver
	}
	return &lookups{ctx: ctx, resolver: r, known: make(map[lookupKey]*lookup)}
}

// cached is what is known without asking.
func (l *lookups) cached(name string, family int) (addrs []netip.Addr, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.known[lookupKey{name, family}]
	if c == nil || !c.fresh() || c.err != nil {
		return nil, false
	}
	return c.addrs, true
}

// find looks a name up: its addresses of one family. The caller must not change them.
func (l *lookups) find(ctx context.Context, name string, family int) ([]netip.Addr, error) {
	key := lookupKey{name, family}
	l.mu.Lock()
	c := l.known[key]
	if c == nil || c.finished() && !c.fresh() {
		l.forget()
		c = &lookup{done: make(chan struct{})}
		l.known[key] = c
		go l.ask(key, c)
	}
	l.mu.Unlock()
	select {
	case <-c.done:
		return c.addrs, c.err
	case <-ctx.Done():
		return nil, &lookupError{name: name, err: ended(ctx)}
	}
}

func (l *lookups) ask(key lookupKey, c *lookup) {
	ctx, cancel := context.WithTimeout(l.ctx, lookupTakes)
	defer cancel()
	network := [2]string{"ip6", "ip4"}[key.family]
	host := key.name
	if strings.Contains(host, ".") {
		host += "." // the host's search list is not for it
	}
	addrs, err := l.resolver.LookupNetIP(ctx, network, host)
	counts := lookupCounts
	if err != nil {
		e := &lookupError{name: key.name, err: err}
		var d *net.DNSError
		if errors.As(err, &d) {
			e.absent = d.IsNotFound
		}
		c.err, counts = e, absentCounts
	}
	for _, a := range addrs {
		// What an AAAA record says may be an address of IPv4 in the form of IPv6; it is
		// checked, and dialled, as what it is.
		if a = a.Unmap().WithZone(""); a.IsValid() && len(c.addrs) < maxCandidates {
			c.addrs = append(c.addrs, a)
		}
	}
	c.until = time.Now().Add(counts)
	close(c.done)
}

// forget makes room for one more. Look-ups under way stay: there are not more of them than
// connections that are dialled and questions that wait.
func (l *lookups) forget() {
	if len(l.known) < maxLookups {
		return
	}
	for key, c := range l.known {
		if c.finished() && !c.fresh() {
			delete(l.known, key)
		}
	}
	for key, c := range l.known {
		if len(l.known) < maxLookups {
			return
		}
		if c.finished() {
			delete(l.known, key)
		}
	}
}

func (c *lookup) finished() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *lookup) fresh() bool {
	return c.finished() && time.Now().Before(c.until)
}
