package relay

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/usandbox/usandbox/network"
)

// spy is a resolver that says what it was asked.
type spy struct {
	resolver
	asked chan string
}

func (s spy) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	s.asked <- host
	return s.resolver.LookupNetIP(ctx, network, host)
}

// user answers questions, and remembers them.
type user struct {
	mu      sync.Mutex
	answers map[string]Answer
	asked   []Question
	hold    chan struct{}
}

func (u *user) ask(ctx context.Context, q Question) Answer {
	u.mu.Lock()
	u.asked = append(u.asked, q)
	a, hold := u.answers[q.Name], u.hold
	u.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	return a
}

func (u *user) count(name string) (n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, q := range u.asked {
		if q.Name == name {
			n++
		}
	}
	return n
}

func TestAsk(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	asked := make(chan string, 100)
	u := &user{answers: map[string]Answer{"once.test": Once, "always.test": Always}}
	b := start(t, network.Policy{Mode: network.Named, Allow: []network.Rule{}, Deny: deny(t, "never.test"),
		Hosts: local("once.test", "always.test", "no.test", "never.test")},
		func(o *Options) { o.Ask = u.ask; o.Resolver = spy{resolver{}, asked} })
	for range 2 {
		exchange(t, b.dial(b.addr("once.test", s.port())), "\x01x")
		exchange(t, b.dial(b.addr("always.test", s.port())), "\x01x")
		b.refused(b.addr("no.test", s.port()))
		b.refused(b.addr("no.test", 443))
		b.refused(b.addr("never.test", s.port()))
	}
	for name, want := range map[string]int{"once.test": 2, "always.test": 1, "no.test": 1, "never.test": 0} {
		if n := u.count(name); n != want {
			t.Errorf("asked %d times for %s, want %d", n, name, want)
		}
	}
	if q := u.asked[0]; q.Program != "evil?[31m" || q.Port != s.port() || q.Protocol != network.TCP {
		t.Errorf("%+v", q)
	}
	if v := b.relay.rules.Name(network.TCP, "always.test", 443); !v.Allowed {
		t.Error(v)
	}
	// A name that would be asked about has an address, and its question stays here.
	if code, list := b.lookUp("secret.evil.test", dnsmessage.TypeA); code != dnsmessage.RCodeSuccess || len(list) != 1 {
		t.Error(code, list)
	}
	for _, name := range []string{"no.test", "never.test"} {
		if code, _ := b.lookUp(name, dnsmessage.TypeA); code != dnsmessage.RCodeNameError {
			t.Error(name, code)
		}
	}
	if len(asked) != 0 {
		t.Errorf("a question for %s went out", <-asked)
	}
}

// Connections to a name about which a question is open wait for its answer.
func TestAskWaiting(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	_, port := echoPackets(t)
	u := &user{answers: map[string]Answer{"a.test": Once, "b.test": Once}, hold: make(chan struct{})}
	b := start(t, network.Policy{Mode: network.Named, Hosts: local("a.test", "b.test")}, func(o *Options) { o.Ask = u.ask })
	var conns []net.Conn
	for range 10 {
		conns = append(conns, b.dial(b.addr("a.test", s.port())))
	}
	b.packetOut(1, b.addr("a.test", port), "x")
	conns = append(conns, b.dial(b.addr("b.test", s.port())))
	waiting := func() int {
		b.relay.asker.mu.Lock()
		defer b.relay.asker.mu.Unlock()
		return b.relay.asker.waiting
	}
	eventually(t, "all wait", func() bool { return waiting() == 12 })
	b.wantNoPacket()
	if s.conns.Load() != 0 {
		t.Error("dialled before the answer")
	}
	close(u.hold)
	b.wantPacket(1, b.addr("a.test", port), ">x")
	for _, c := range conns {
		exchange(t, c, "\x01x")
	}
	if u.count("a.test") != 1 || u.count("b.test") != 1 {
		t.Error(u.asked)
	}
}

func TestAskNoAnswer(t *testing.T) {
	u := &user{answers: map[string]Answer{"a.test": Once}, hold: make(chan struct{})}
	b := start(t, network.Policy{Mode: network.Named, Hosts: local("a.test")},
		func(o *Options) { o.Ask = u.ask; o.Limits.AskTimeout = 50 * time.Millisecond })
	b.refused(b.addr("a.test", 443))

	// Many names, no answers: most are denied at once, and the end does not wait.
	b = start(t, network.Policy{Mode: network.Named}, func(o *Options) { o.Ask = u.ask })
	for i := range maxQuestions + 10 {
		c, err := b.try(b.addr(fmt.Sprintf("n%d.test", i), 443))
		if err == nil {
			defer c.Close()
			if i >= maxQuestions {
				io.ReadAll(c)
			}
		}
	}
	began := time.Now()
	if sum := b.close(); sum.Denied != maxQuestions+10 || time.Since(began) > time.Second {
		t.Errorf("%+v, %s", sum, time.Since(began))
	}
}
