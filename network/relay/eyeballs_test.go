package relay

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// script is what connecting to an address does: after how long, with which error.
type script struct {
	after time.Duration
	err   error
}

var never = script{after: time.Hour}

// world is what a race sees: no socket is made.
type world struct {
	mu      sync.Mutex
	began   time.Time
	tried   []string        // addresses, in order
	at      []time.Duration // when
	ended   int             // attempts that were cancelled
	scripts map[string]script
}

func (w *world) race(r *race) *race {
	w.began = time.Now()
	r.port = 443
	r.begin = func(a netip.AddrPort) (int, bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tried = append(w.tried, a.Addr().String())
		w.at = append(w.at, time.Since(w.began))
		s := w.scripts[a.Addr().String()]
		if s.after == 0 {
			return len(w.tried), s.err == nil, s.err
		}
		return len(w.tried), false, nil
	}
	r.wait = func(ctx context.Context, fd int, a netip.AddrPort) (int, error) {
		s := w.scripts[a.Addr().String()]
		select {
		case <-time.After(s.after):
			return fd, s.err
		case <-ctx.Done():
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ended++
			return -1, ended(ctx)
		}
	}
	if r.more == nil {
		r.more, r.less = func() bool { return true }, func() {}
	}
	return r
}

func finds(after time.Duration, list ...string) func(context.Context) ([]netip.Addr, error) {
	return func(ctx context.Context) (addrs []netip.Addr, err error) {
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		for _, s := range list {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		if len(list) == 0 {
			return nil, &lookupError{name: "x.test", absent: true}
		}
		return addrs, nil
	}
}

func TestRace(t *testing.T) {
	const a4, b4, a6, b6 = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"
	refused := script{err: unix.ECONNREFUSED}
	ms := time.Millisecond
	for _, test := range []struct {
		name    string
		v6, v4  func(context.Context) ([]netip.Addr, error)
		scripts map[string]script
		want    string   // the address
		tried   []string // in order
		at      []time.Duration
		total   time.Duration
	}{
		{"IPv6 first", finds(0, a6), finds(0, a4), nil, a6, []string{a6}, []time.Duration{0}, 0},
		{"IPv6 a little later", finds(40*ms, a6), finds(0, a4), nil, a6, []string{a6}, []time.Duration{40 * ms}, 40 * ms},
		{"IPv6 much later", finds(time.Second, a6), finds(0, a4), nil, a4, []string{a4}, []time.Duration{50 * ms}, 50 * ms},
		{"no IPv6", finds(20 * ms), finds(0, a4), nil, a4, []string{a4}, []time.Duration{20 * ms}, 20 * ms},
		{"no IPv4 yet", finds(0, a6), finds(time.Second, a4), nil, a6, []string{a6}, []time.Duration{0}, 0},
		{"IPv6 does not answer", finds(0, a6, b6), finds(0, a4), map[string]script{a6: never, b6: never},
			a4, []string{a6, a4}, []time.Duration{0, 250 * ms}, 250 * ms},
		{"families take turns", finds(0, a6, b6), finds(0, a4, b4), map[string]script{a6: never, b6: never, a4: never},
			b4, []string{a6, a4, b6, b4}, []time.Duration{0, 250 * ms, 500 * ms, 750 * ms}, 750 * ms},
		{"refused at once", finds(ms, a6, b6), finds(0, a4, b4), map[string]script{a6: refused, a4: refused, b6: refused},
			b4, []string{a6, a4, b6, b4}, []time.Duration{ms, ms, ms, ms}, ms},
		{"refused after a time", finds(0, a6), finds(0, a4), map[string]script{a6: {100 * ms, unix.ECONNREFUSED}},
			a4, []string{a6, a4}, []time.Duration{0, 100 * ms}, 100 * ms},
		{"slow, and wins still", finds(0, a6), finds(0, a4), map[string]script{a6: {300 * ms, nil}, a4: {time.Second, nil}},
			a6, []string{a6, a4}, []time.Duration{0, 250 * ms}, 300 * ms},
		{"IPv4 fails before IPv6 is known", finds(time.Second, a6), finds(0, a4), map[string]script{a4: refused},
			a6, []string{a4, a6}, []time.Duration{50 * ms, time.Second}, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{scripts: test.scripts}
				r := w.race(&race{})
				r.lookups[0], r.lookups[1] = test.v6, test.v4
				fd, a, err := r.run(context.Background())
				if err != nil || a.Addr().String() != test.want || a.Port() != 443 || fd <= 0 {
					t.Errorf("got %v, %v, want %s", a, err, test.want)
				}
				if d := time.Since(w.began); d != test.total {
					t.Errorf("took %s, want %s", d, test.total)
				}
				synctest.Wait()
				if !slices.Equal(w.tried, test.tried) || !slices.Equal(w.at, test.at) {
					t.Errorf("tried %v at %v, want %v at %v", w.tried, w.at, test.tried, test.at)
				}
			})
		})
	}
}

func TestRaceErrors(t *testing.T) {
	forbidden := &network.RefusedError{Addr: "10.0.0.1", Reason: "a private address"}
	for _, test := range []struct {
		name    string
		v6, v4  func(context.Context) ([]netip.Addr, error)
		scripts map[string]script
		want    error
	}{
		{"refused counts most", finds(0, "2001:db8::1"), finds(0, "10.0.0.1", "192.0.2.1"),
			map[string]script{"2001:db8::1": {err: unix.ECONNREFUSED}, "10.0.0.1": {err: forbidden}, "192.0.2.1": {err: unix.EHOSTUNREACH}}, forbidden},
		{"failed more than absent", finds(0), finds(0, "192.0.2.1"), map[string]script{"192.0.2.1": {err: unix.EHOSTUNREACH}}, unix.EHOSTUNREACH},
		{"timeout", finds(0), finds(0, "192.0.2.1"), map[string]script{"192.0.2.1": never}, unix.ETIMEDOUT},
		{"look-up never ends", finds(time.Hour), finds(time.Hour), nil, unix.ETIMEDOUT},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{scripts: test.scripts}
				r := w.race(&race{})
				r.lookups[0], r.lookups[1] = test.v6, test.v4
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				defer cancel()
				if _, _, err := r.run(ctx); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if d := time.Since(w.began); d > 30*time.Second {
					t.Errorf("took %s", d)
				}
			})
		})
	}
}

// Attempts that lost are ended; one that wins when it is too late is closed.
func TestRaceLosers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{scripts: map[string]script{"2001:db8::1": never, "192.0.2.1": {100 * time.Millisecond, nil}}}
		room := 0
		r := w.race(&race{more: func() bool { room++; return true }, less: func() { room-- }})
		r.lookups[0], r.lookups[1] = finds(0, "2001:db8::1"), finds(0, "192.0.2.1")
		if _, a, err := r.run(context.Background()); err != nil || a.Addr().String() != "192.0.2.1" {
			t.Fatal(a, err)
		}
		synctest.Wait()
		if w.ended != 1 || room != 0 {
			t.Errorf("%d attempts ended, %d places not given back", w.ended, room)
		}
	})
}

// Without room for a second attempt the first has to fail before.
func TestRaceNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{scripts: map[string]script{"2001:db8::1": {2 * time.Second, unix.ETIMEDOUT}}}
		r := w.race(&race{more: func() bool { return false }, less: func() { t.Error("given back what was not had") }})
		r.lookups[0], r.lookups[1] = finds(0, "2001:db8::1"), finds(0, "192.0.2.1")
		_, a, err := r.run(context.Background())
		if err != nil || a.Addr().String() != "192.0.2.1" || time.Since(w.began) != 2*time.Second {
			t.Error(a, err, time.Since(w.began))
		}
	})
}
