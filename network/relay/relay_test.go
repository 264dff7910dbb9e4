package relay

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/network"
)

func TestAllowed(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", s.port())), Hosts: local("a.test")})
	c := b.dial(b.addr("a.test", s.port()))
	exchange(t, c, "\x01hello")
	c.CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Errorf("after the half-close: %q, %v", rest, err)
	}
	eventually(t, "the end of the connection", func() bool { return b.relay.allowed.Load() == 1 })
	r := b.records()[0]
	if r.Verdict != wordAllowed || r.Name != "a.test" || r.Address != "127.0.0.1" || r.Port != s.port() || r.Out != 6 || r.In != 6 ||
		r.Protocol != "tcp" || r.Direction != "out" || r.Rule != named("a.test", s.port()) || r.Time.IsZero() {
		t.Errorf("record: %+v", r)
	}
	if sum := b.close(); sum.Allowed != 1 || sum.Denied+sum.Failed != 0 || sum.Out != 6 || sum.In != 6 || len(sum.Refused) != 0 {
		t.Errorf("summary: %+v", sum)
	}
}

// What no rule names is reset at once, and its server sees nothing.
func TestRefused(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", s.port()), named("*.b.test", s.port())),
		Deny: deny(t, "x.b.test"), Hosts: local("a.test", "evil.test", "x.b.test")})
	public := netip.MustParseAddr("192.0.2.1")
	for _, to := range []netip.AddrPort{
		b.addr("evil.test", s.port()),
		b.addr("a.test", s.port()+1),
		b.addr("x.b.test", s.port()),
		netip.AddrPortFrom(public, s.port()),
		netip.MustParseAddrPort("169.254.169.254:80"),
		netip.MustParseAddrPort(fmt.Sprintf("127.0.0.1:%d", s.port())),
		netip.MustParseAddrPort(fmt.Sprintf("[::1]:%d", s.port())),
		netip.MustParseAddrPort(fmt.Sprintf("[::ffff:127.0.0.1]:%d", s.port())),
		netip.MustParseAddrPort(fmt.Sprintf("0.0.0.0:%d", s.port())),
		netip.MustParseAddrPort(fmt.Sprintf("198.18.0.1:%d", s.port())),
		netip.MustParseAddrPort(fmt.Sprintf("198.18.200.1:%d", s.port())),
		netip.MustParseAddrPort(fmt.Sprintf("[fd53:6e64:6278::1]:%d", s.port())),
	} {
		began := time.Now()
		b.refused(to)
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("%s was refused after %s", to, d)
		}
	}
	sum := b.close()
	if sum.Denied != 12 || sum.Allowed+sum.Failed != 0 || sum.Out != 0 {
		t.Errorf("summary: %+v", sum)
	}
	if s.conns.Load() != 0 || s.bytes.Load() != 0 {
		t.Errorf("the server got %d connections, %d bytes", s.conns.Load(), s.bytes.Load())
	}
	for _, r := range sum.Refused {
		switch r.Name {
		case "evil.test":
			if r.Allow != "--allow "+named("evil.test", s.port()) || r.Count != 1 || r.Programs[0] != "evil?[31m" {
				t.Errorf("%+v", r)
			}
		case "x.b.test":
			if r.Allow != "" || r.Reason != "denied by --deny x.b.test" {
				t.Errorf("%+v", r)
			}
		case "127.0.0.1", "::1", "198.18.0.1":
			if r.Allow != "" {
				t.Errorf("%+v", r)
			}
		}
	}
	for _, r := range b.records() {
		if r.Verdict != wordDenied || r.Reason == "" || r.Out != 0 {
			t.Errorf("record: %+v", r)
		}
	}
}

// A name that leads to an address that is refused always is not connected to.
func TestRebinding(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	s6 := echo(t, fmt.Sprintf("[::1]:%d", s.port()))
	own := ownAddress(t)
	sOwn := echo(t, net.JoinHostPort(own, fmt.Sprint(s.port())))
	bad := []string{"127.0.0.1", "127.1.2.3", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254",
		"::ffff:169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "224.0.0.1", "255.255.255.255", "198.18.1.1",
		"64:ff9b::7f00:1", "2002:7f00:1::1", own}
	names := resolver{"all.x.test": bad}
	for i, a := range bad {
		names[fmt.Sprintf("n%d.x.test", i)] = []string{a}
	}
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("*.x.test", s.port()))}, func(o *Options) { o.Resolver = names })
	for name := range names {
		b.refused(b.addr(name, s.port()))
	}
	if n := s.conns.Load() + s6.conns.Load() + sOwn.conns.Load(); n != 0 {
		t.Errorf("the servers got %d connections", n)
	}
	sum := b.close()
	if int(sum.Denied) != len(names) || sum.Failed+sum.Allowed != 0 {
		t.Errorf("summary: %+v", sum)
	}
	for _, r := range b.records() {
		if r.Verdict != wordDenied {
			t.Errorf("record: %+v", r)
		}
	}
}

func ownAddress(t *testing.T) string {
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return "127.0.0.2"
}

func TestServerFirst(t *testing.T) {
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn) {
		io.WriteString(c, "220 hello\r\n")
		io.Copy(c, c)
	})
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", s.port())), Hosts: local("a.test")})
	c := b.dial(b.addr("a.test", s.port()))
	greeting := make([]byte, 11)
	if _, err := io.ReadFull(c, greeting); err != nil || string(greeting) != "220 hello\r\n" {
		t.Fatalf("%q, %v", greeting, err)
	}
	exchange(t, c, "EHLO x\r\n")
}

// What the client says its server is called must be what it connects to.
func TestNameCheck(t *testing.T) {
	for name, head := range map[string]string{
		"host":    "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
		"port":    "GET / HTTP/1.1\r\nHost: a.test:1\r\n\r\n",
		"connect": "CONNECT evil.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"sni":     hello("evil.test"),
	} {
		t.Run(name, func(t *testing.T) {
			s := echo(t, "127.0.0.1:0")
			p := network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", s.port())), Hosts: local("a.test")}
			b := start(t, p)
			c := b.dial(b.addr("a.test", s.port()))
			io.WriteString(c, head)
			wantReset(t, c)
			if s.bytes.Load() != 0 {
				t.Errorf("the server got %d bytes", s.bytes.Load())
			}
			eventually(t, "the refusal", func() bool { return b.relay.denied.Load() == 1 })
			if r := b.records()[0]; r.Verdict != wordDenied || r.Reason == "" || r.Out != 0 {
				t.Errorf("record: %+v", r)
			}
			if sum := b.close(); sum.Denied != 1 || len(sum.Refused) != 1 {
				t.Errorf("summary: %+v", sum)
			}
			p.NoNameCheck = true
			b = start(t, p)
			exchange(t, b.dial(b.addr("a.test", s.port())), head)
		})
	}
	for name, head := range map[string]string{
		"host": "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n",
		"sni":  hello("a.test"),
		"none": "\x00\x01 something else",
	} {
		t.Run("right "+name, func(t *testing.T) {
			s := echo(t, "127.0.0.1:0")
			b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", s.port())), Hosts: local("a.test")})
			exchange(t, b.dial(b.addr("a.test", s.port())), head)
		})
	}
}

// By address there is no name to check, and a rule must name it.
func TestAddress(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	own := ownAddress(t)
	sOwn := echo(t, net.JoinHostPort(own, "0"))
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named(own, sOwn.port()), named("127.0.0.1", s.port()))})
	exchange(t, b.dial(netip.AddrPortFrom(netip.MustParseAddr(own), sOwn.port())), "GET / HTTP/1.0\r\nHost: evil.test\r\n\r\n")
	// Even with a rule: that address is the sandbox's own there.
	b.refused(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.port()))
}

func TestFailedDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	l.Close()
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("*.x.test", port)), Hosts: local("a.x.test")})
	b.refused(b.addr("a.x.test", port))
	b.refused(b.addr("none.x.test", port))
	list := b.records()
	r := find(t, list, func(r Record) bool { return r.Name == "a.x.test" })
	if r.Verdict != wordFailed || !strings.Contains(r.Reason, "connection refused") {
		t.Errorf("%+v", r)
	}
	r = find(t, list, func(r Record) bool { return r.Name == "none.x.test" })
	if r.Verdict != wordFailed || !strings.Contains(r.Reason, "no such name") {
		t.Errorf("%+v", r)
	}
	if sum := b.close(); sum.Failed != 2 {
		t.Errorf("%+v", sum)
	}
}

func TestLive(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	b := start(t, network.Policy{Mode: network.Named, Allow: []network.Rule{}, Hosts: local("a.test", "b.test")})
	b.refused(b.addr("a.test", s.port()))
	rules := allow(t, named("a.test", s.port()), named("b.test", s.port()))
	if err := b.relay.Allow(rules...); err != nil {
		t.Fatal(err)
	}
	if len(b.opened) != 2 {
		t.Errorf("opened: %v", b.opened)
	}
	ca, cb := b.dial(b.addr("a.test", s.port())), b.dial(b.addr("b.test", s.port()))
	exchange(t, ca, "\x01one")
	exchange(t, cb, "\x01one")
	if err := b.relay.Deny(deny(t, "a.test")...); err != nil {
		t.Fatal(err)
	}
	wantReset(t, ca)
	b.refused(b.addr("a.test", s.port()))
	exchange(t, cb, "\x01two")
	r := find(t, b.records(), func(r Record) bool { return r.Verdict == wordAllowed && r.Name == "a.test" })
	if r.Reason != "a rule that was added denies it" {
		t.Errorf("%+v", r)
	}
}
