package relay

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// The delays of RFC 8305, section 8.
const (
	resolutionDelay = 50 * time.Millisecond
	attemptDelay    = 250 * time.Millisecond
)

// maxCandidates is how many addresses of each family are tried at most.
const maxCandidates = 8

// race connects to the first of several addresses that answers, as in RFC 8305. It is for one
// connection, used once.
type race struct {
	port uint16

	// lookups are what finds addresses: those of IPv6 first, those of IPv4 second. One that is
	// nil has found already what is in pending.
	lookups [2]func(context.Context) ([]netip.Addr, error)
	pending [2][]netip.Addr

	begin func(netip.AddrPort) (fd int, done bool, err error)
	wait  func(ctx context.Context, fd int, a netip.AddrPort) (int, error)

	// more asks for room for an attempt beside one that is under way, and less gives it back.
	more func() bool
	less func()

	tried  bool  // sprint has tried some
	last   int   // the family that was tried last
	failed error // the first that says most
}

type found struct {
	family int
	addrs  []netip.Addr
	err    error
}

type attempted struct {
	fd    int
	addr  netip.AddrPort
	extra bool
	err   error
}

// sprint tries the first addresses, as far as they are known and the loopback interface's:
// connections to those are made, or refused, at once. It does not wait; run does what is left.
func (r *race) sprint() (int, netip.AddrPort, bool) {
	if r.lookups[0] != nil || r.lookups[1] != nil {
		return -1, netip.AddrPort{}, false
	}
	r.last = 1
	for {
		a, ok := r.next()
		if !ok {
			break
		}
		if !a.Addr().IsLoopback() {
			r.unnext(a)
			break
		}
		fd, done, err := r.begin(a)
		if done {
			return fd, a, true
		}
		r.tried = true
		if err == nil { // the server has too many that wait
			unix.Close(fd)
			r.unnext(a)
			break
		}
		r.note(err)
	}
	return -1, netip.AddrPort{}, false
}

// run returns a connected socket and its address, or why there is none. Attempts that lose
// are ended, and their sockets closed.
func (r *race) run(ctx context.Context) (int, netip.AddrPort, error) {
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !r.tried {
		r.last = 1 // so that IPv6 is the first
	}
	answers := make(chan found, 2)
	results := make(chan attempted, 2*maxCandidates)
	asking, flying := 0, 0
	for i, lookup := range r.lookups {
		if lookup != nil {
			asking++
			go func() {
				addrs, err := lookup(ctx)
				answers <- found{i, addrs, err}
			}()
		}
	}
	defer func() {
		if flying > 0 {
			go r.bury(results, flying)
		}
	}()
	// may is whether the next attempt may begin, clock when it may though nothing came.
	may := r.lookups[0] == nil || asking == 0
	clock := time.NewTimer(time.Hour)
	defer clock.Stop()
	for {
		for may || flying == 0 && asking == 0 {
			a, ok := r.next()
			if !ok {
				break
			}
			extra := flying > 0
			if extra && !r.more() {
				r.unnext(a)
				may = false
				clock.Reset(attemptDelay)
				break
			}
			fd, done, err := r.begin(a)
			if done || err != nil {
				if extra {
					r.less()
				}
				if done {
					return fd, a, nil
				}
				r.note(err)
				continue
			}
			flying++
			go func() {
				fd, err := r.wait(ctx, fd, a)
				results <- attempted{fd, a, extra, err}
			}()
			may = false
			clock.Reset(attemptDelay)
		}
		if flying == 0 && asking == 0 {
			return -1, netip.AddrPort{}, r.error()
		}
		select {
		case f := <-answers:
			asking--
			r.pending[f.family] = append(r.pending[f.family], cut(f.addrs)...)
			r.note(f.err)
			switch {
			case flying > 0:
			case f.family == 0 && len(f.addrs) > 0 || asking == 0:
				may = true
			case len(f.addrs) > 0:
				clock.Reset(resolutionDelay)
			}
		case a := <-results:
			flying--
			if a.extra {
				r.less()
			}
			if a.err == nil {
				return a.fd, a.addr, nil
			}
			r.note(a.err)
			may = true
		case <-clock.C:
			may = true
		case <-outer.Done():
			r.note(ended(outer))
			return -1, netip.AddrPort{}, r.error()
		}
	}
}

// next is the next address to try: the families take turns as long as both have some.
func (r *race) next() (netip.AddrPort, bool) {
	family := 1 - r.last
	if len(r.pending[family]) == 0 {
		family = r.last
	}
	if len(r.pending[family]) == 0 {
		return netip.AddrPort{}, false
	}
	a := r.pending[family][0]
	r.pending[family] = r.pending[family][1:]
	r.last = family
	return netip.AddrPortFrom(a, r.port), true
}

// unnext takes the last next back.
func (r *race) unnext(a netip.AddrPort) {
	r.pending[r.last] = append([]netip.Addr{a.Addr()}, r.pending[r.last]...)
	r.last = 1 - r.last
}

// bury closes what comes of attempts that lost.
func (r *race) bury(results <-chan attempted, n int) {
	for range n {
		a := <-results
		if a.extra {
			r.less()
		}
		if a.err == nil {
			reset(a.fd)
		}
	}
}

// note keeps an error to report: that an address is refused says more than that another
// did not answer, and that more than that the name has no address of one family.
func (r *race) note(err error) {
	if err != nil && (r.failed == nil || rank(err) > rank(r.failed)) {
		r.failed = err
	}
}

func (r *race) error() error {
	if r.failed == nil {
		return errNoAddress
	}
	return r.failed
}

func rank(err error) int {
	var refused *network.RefusedError
	var lookup *lookupError
	switch {
	case errors.As(err, &refused):
		return 3
	case errors.As(err, &lookup):
		if lookup.absent {
			return 0
		}
		return 1
	}
	return 2
}

func cut(a []netip.Addr) []netip.Addr {
	return a[:min(len(a), maxCandidates)]
}
