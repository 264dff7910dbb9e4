package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// resolver is Go's own, pointed at the server.
func (r *running) resolver(network string) *net.Resolver {
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, asked, _ string) (net.Conn, error) {
		if network == "tcp" || asked == "tcp" {
			return net.Dial("tcp", r.tcp)
		}
		return net.Dial("udp", r.udp)
	}}
}

func TestGoResolver(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		r := start(t, func(s *Server) {
			s.Exists = func(_ context.Context, name string) (Existence, error) { return Present, nil }
		})
		c := r.resolver(network)
		addrs, err := c.LookupNetIP(t.Context(), "ip", "example.org.")
		if err != nil || len(addrs) != 2 {
			t.Error(addrs, err)
		}
		names, err := c.LookupAddr(t.Context(), "198.18.1.1")
		if err != nil || len(names) != 1 || names[0] != "example.org." {
			t.Error(names, err)
		}
		if name, err := c.LookupCNAME(t.Context(), "example.org."); err != nil || name != "example.org." {
			t.Error(name, err)
		}
		var e *net.DNSError
		if _, err := c.LookupNetIP(t.Context(), "ip", "other.example."); !errors.As(err, &e) || !e.IsNotFound {
			t.Error(err)
		}
		if _, err := c.LookupTXT(t.Context(), "example.org."); !errors.As(err, &e) || e.IsTimeout {
			t.Error(err)
		}
	}
}

// Libraries such as musl and glibc send A and AAAA from one socket before they read.
func TestBothAtOnce(t *testing.T) {
	r := start(t, func(s *Server) {
		s.Exists = func(_ context.Context, name string) (Existence, error) { return Present, nil }
	})
	c, err := net.Dial("udp", r.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i, typ := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
		msg := question(t, "example.org.", typ)
		msg[1] = byte(i)
		c.Write(msg)
	}
	got := map[byte]string{}
	for range 2 {
		b := make([]byte, 512)
		n, err := c.Read(b)
		var m dnsmessage.Message
		if err != nil || m.Unpack(b[:n]) != nil {
			t.Fatal(err)
		}
		got[byte(m.ID)] = short(m)
	}
	if got[0] != "Success 198.18.1.1" || got[1] != "Success fd53:6e64:6278:1::1" {
		t.Error(got)
	}
}

// Many clients at once each get what they asked for.
func TestConcurrent(t *testing.T) {
	r := start(t, func(s *Server) {
		s.LookupsPerSecond = 10000
		s.Exists = func(_ context.Context, name string) (Existence, error) { return Present, nil }
	})
	var wg sync.WaitGroup
	for g := range 8 {
		network := []string{"udp", "tcp"}[g%2]
		wg.Go(func() {
			c := r.resolver(network)
			for i := range 30 {
				name := fmt.Sprintf("n%d.wild.example.net", (i+g)%20)
				addrs, err := c.LookupNetIP(t.Context(), "ip4", name+".")
				if err != nil || len(addrs) != 1 {
					t.Error(name, addrs, err)
					return
				}
				if got, _ := r.Pool.Name(addrs[0]); got != name {
					t.Errorf("%s has the address of %s", name, got)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkKnownName(b *testing.B) {
	for _, network := range []string{"udp", "tcp"} {
		b.Run(network, func(b *testing.B) {
			r := start(b, func(s *Server) { s.Log, s.QueriesPerSecond = nil, 1<<30 })
			addr, query := r.udp, question(b, "example.org.", dnsmessage.TypeA)
			if network == "tcp" {
				addr, query = r.tcp, streamed(query)
			}
			c, err := net.Dial(network, addr)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			b.ReportAllocs()
			buf := make([]byte, 512)
			for b.Loop() {
				c.Write(query)
				if _, err := c.Read(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// How long one question takes without sockets.
func BenchmarkServe(b *testing.B) {
	s := &Server{Pool: NewPool(0), Known: known}
	s.start()
	query := question(b, "example.org.", dnsmessage.TypeA)
	c := client{addr: net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:1")), buf: make([]byte, 0, maxReply), send: func([]byte) {}}
	b.ReportAllocs()
	for b.Loop() {
		s.serve(query, c)
	}
}
