package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestExistence(t *testing.T) {
	var calls atomic.Int32
	r := start(t, func(s *Server) {
		s.Given = func(name string) bool { return name == "host" }
		s.Exists = func(ctx context.Context, name string) (Existence, error) {
			calls.Add(1)
			switch name {
			case "example.org":
				return Present, nil
			case "absent.wild.example.net":
				return Absent, nil
			case "odd.wild.example.net":
				return Present + 1, nil
			}
			return Present, errors.New("the error counts")
		}
	})
	for _, test := range []struct {
		name  string
		typ   dnsmessage.Type
		want  string
		calls int32
	}{
		{"example.org.", dnsmessage.TypeHTTPS, "Success SOA 5 5", 1},
		{"example.org.", dnsmessage.TypeA, "Success 198.18.1.1", 0},
		{"example.org.", dnsmessage.TypeAAAA, "Success fd53:6e64:6278:1::1", 0},
		{"absent.wild.example.net.", dnsmessage.TypeA, "NameError SOA 5 5", 1},
		{"absent.wild.example.net.", dnsmessage.TypeAAAA, "NameError SOA 5 5", 0},
		{"absent.wild.example.net.", dnsmessage.TypeCNAME, "NameError SOA 5 5", 0},
		{"failing.wild.example.net.", dnsmessage.TypeA, "ServerFailure", 1},
		{"failing.wild.example.net.", dnsmessage.TypeAAAA, "ServerFailure", 0},
		{"odd.wild.example.net.", dnsmessage.TypeA, "ServerFailure", 1},
		{"host.", dnsmessage.TypeA, "Success 198.18.1.2", 0},
		{"example.org.", dnsmessage.TypeTXT, "Refused", 0},
		{"other.example.", dnsmessage.TypeA, "NameError SOA 5 5", 0},
		{"localhost.", dnsmessage.TypeA, "Success 127.0.0.1", 0},
		{"1.1.18.198.in-addr.arpa.", dnsmessage.TypePTR, "Success example.org.", 0},
		{"1.2.18.198.in-addr.arpa.", dnsmessage.TypePTR, "NameError SOA 5 5", 0},
	} {
		before := calls.Load()
		m := r.ask(t, question(t, test.name, test.typ))
		if got := short(m); got != test.want || calls.Load()-before != test.calls {
			t.Errorf("%s %v: %s, %d calls; want %s, %d", test.name, test.typ, got, calls.Load()-before, test.want, test.calls)
		}
	}
}

// Those who ask for the same name at once are served by one call.
func TestExistsOnce(t *testing.T) {
	var calls atomic.Int32
	release := make(chan struct{})
	r := start(t, func(s *Server) {
		s.Exists = func(ctx context.Context, name string) (Existence, error) {
			calls.Add(1)
			<-release
			return Present, nil
		}
	})
	time.AfterFunc(100*time.Millisecond, func() { close(release) })
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got := short(r.ask(t, question(t, "example.org.", dnsmessage.TypeA))); got != "Success 198.18.1.1" {
				t.Error(got)
			}
		})
	}
	wg.Wait()
	if calls.Load() != 1 {
		t.Errorf("%d calls", calls.Load())
	}
}

// Names that are slow outside delay nobody who asks for others, are bounded in number,
// and end with Close.
func TestSlowNames(t *testing.T) {
	var under, most atomic.Int32
	r := start(t, func(s *Server) {
		s.LookupsPerSecond = 10000
		s.Exists = func(ctx context.Context, name string) (Existence, error) {
			if n := under.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer under.Add(-1)
			<-ctx.Done()
			return Unclear, ctx.Err()
		}
	})
	r.Pool.Addresses("example.org")
	c, err := net.Dial("udp", r.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ask := func(i int) { c.Write(question(t, fmt.Sprintf("n%d.wild.example.net.", i), dnsmessage.TypeA)) }
	for i := range maxWaiting { // one by one: a socket's buffer has not room for all
		ask(i)
		for tries := 0; len(r.waiting) <= i; tries++ {
			if tries == 10000 {
				t.Fatalf("question %d does not wait", i)
			}
			time.Sleep(time.Millisecond)
		}
	}
	// Those for which there is no room are told so at once.
	c.SetReadDeadline(time.Now().Add(time.Minute))
	for i := range 50 {
		ask(maxWaiting + i)
		b := make([]byte, 512)
		if n, err := c.Read(b); err != nil || n < 12 || b[3]&0xf != 2 {
			t.Fatalf("reply %d: %x, %v", i, b[:n], err)
		}
	}
	begun := time.Now()
	if got := short(r.ask(t, question(t, "example.org.", dnsmessage.TypeA))); got != "Success 198.18.1.1" {
		t.Error(got)
	}
	if d := time.Since(begun); d > 30*time.Second {
		t.Errorf("a known name took %v", d)
	}
	if n := len(r.waiting); n != maxWaiting {
		t.Errorf("%d wait", n)
	}
	r.Close()
	if n := most.Load(); n != maxLookups {
		t.Errorf("%d look-ups at once", n)
	}
	if under.Load() != 0 || len(r.waiting) != 0 {
		t.Error("Close left look-ups behind")
	}
}

// Labels that are made up below a wildcard reach the outside at a limited rate.
func TestLookupRate(t *testing.T) {
	var calls atomic.Int32
	r := start(t, func(s *Server) {
		s.LookupsPerSecond = 20
		s.Exists = func(ctx context.Context, name string) (Existence, error) {
			calls.Add(1)
			return Absent, nil
		}
	})
	begun, failures := time.Now(), 0
	for i := range 200 {
		m := r.ask(t, question(t, fmt.Sprintf("n%d.wild.example.net.", i), dnsmessage.TypeA))
		if m.RCode == dnsmessage.RCodeServerFailure {
			failures++
		}
	}
	most := int32(20 + time.Since(begun).Seconds()*20 + 1)
	if n := calls.Load(); n > most || n < 20 || failures != 200-int(n) {
		t.Errorf("%d calls, at most %d may be; %d failures", n, most, failures)
	}
}

func TestRememberIsBounded(t *testing.T) {
	var e existence
	for i := range 3 * maxRemembered {
		e.remember(fmt.Sprint(i), Absent)
		if _, ok := e.recall(fmt.Sprint(i)); !ok {
			t.Fatal(i, "is forgotten at once")
		}
	}
	if n := len(e.known); n > maxRemembered {
		t.Errorf("%d results are kept", n)
	}
	e.known["old"] = remembered{Absent, time.Now().Add(-time.Millisecond)}
	if _, ok := e.recall("old"); ok {
		t.Error("a result counts for ever")
	}
}

// The callback of a resolver tells a name that does not exist from a resolver that
// does not work.
func TestExistsOfResolver(t *testing.T) {
	outside := start(t, func(s *Server) {
		s.Known = func(name string) bool { return name == "example.org" || name == "broken.example.org" }
		s.Exists = func(ctx context.Context, name string) (Existence, error) {
			if name == "broken.example.org" {
				return Unclear, errors.New("broken")
			}
			return Present, nil
		}
	})
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return net.Dial("udp", outside.udp)
	}}
	exists := Exists(r)
	for name, want := range map[string]Existence{
		"example.org": Present, "none.example.org": Absent, "broken.example.org": Unclear,
	} {
		got, err := exists(t.Context(), name)
		if got != want || (err != nil) != (want == Unclear) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
}
