package relay

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// blackHole listens at an address and accepts nothing: once its queue is full, it does not answer.
func blackHole(t *testing.T, a netip.AddrPort) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, sockaddr(a)); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	c := connector{kind: unix.SOCK_STREAM, check: func(netip.AddrPort) error { return nil }}
	for range 64 {
		fd, done, err := c.begin(a)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if !done {
			time.Sleep(20 * time.Millisecond)
			if done, _ := connected(fd); !done {
				return
			}
		}
	}
	t.Fatal("the queue does not get full")
}

// The first address does not answer: the second one gets the connection soon.
func TestBlackHole(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	hole := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), s.port())
	blackHole(t, hole)
	p := network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", s.port())),
		Hosts: []network.HostAddress{{Name: "a.test", Addr: hole.Addr()}, {Name: "a.test", Addr: netip.MustParseAddr("127.0.0.1")}}}
	b := start(t, p)
	began := time.Now()
	c := b.dial(b.addr("a.test", s.port()))
	exchange(t, c, "\x01hello")
	if d := time.Since(began); d < attemptDelay || d > 2*time.Second {
		t.Errorf("took %s", d)
	}

	// With nothing but the black hole: a reset after the time that is given.
	p.Hosts = p.Hosts[:1]
	b = start(t, p, func(o *Options) { o.Limits.DialTimeout = 300 * time.Millisecond })
	began = time.Now()
	wantReset(t, b.dial(b.addr("a.test", s.port())))
	if d := time.Since(began); d < 300*time.Millisecond || d > 2*time.Second {
		t.Errorf("took %s", d)
	}
	if r := b.records()[0]; r.Verdict != wordFailed {
		t.Errorf("%+v", r)
	}
}

// Close does not wait for what does not answer.
func TestCloseWhileDialling(t *testing.T) {
	hole := netip.MustParseAddrPort("127.0.0.2:0")
	l := echo(t, "127.0.0.1:0")
	hole = netip.AddrPortFrom(hole.Addr(), l.port())
	blackHole(t, hole)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", l.port())),
		Hosts: []network.HostAddress{{Name: "a.test", Addr: hole.Addr()}}}, func(o *Options) { o.Limits.Dials = 2 })
	for range 5 {
		b.dial(b.addr("a.test", l.port()))
	}
	eventually(t, "the dials", func() bool { return len(b.relay.slots.c) == 5 })
	began := time.Now()
	sum := b.close()
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("took %s", d)
	}
	if sum.Failed != 5 || len(b.relay.slots.c) != 0 {
		t.Errorf("%+v, %d places not given back", sum, len(b.relay.slots.c))
	}
}

// A connection that waits for its turn does not wait for longer than one that has it.
func TestQueue(t *testing.T) {
	l := echo(t, "127.0.0.1:0")
	hole := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), l.port())
	blackHole(t, hole)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", l.port())),
		Hosts: []network.HostAddress{{Name: "a.test", Addr: hole.Addr()}}},
		func(o *Options) { o.Limits.Dials = 1; o.Limits.DialTimeout = 200 * time.Millisecond })
	began := time.Now()
	for _, c := range []*net.TCPConn{b.dial(b.addr("a.test", l.port())), b.dial(b.addr("a.test", l.port())), b.dial(b.addr("a.test", l.port())),
		b.dial(b.addr("a.test", l.port())), b.dial(b.addr("a.test", l.port()))} {
		wantReset(t, c)
	}
	if d := time.Since(began); d > 600*time.Millisecond {
		t.Errorf("took %s", d)
	}
}
