package relay

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/usandbox/usandbox/network"
)

// slowly is a resolver that takes its time, for ever if that is 0.
type slowly struct {
	resolver
	time.Duration
}

func (s slowly) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if s.Duration == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	time.Sleep(s.Duration)
	return s.resolver.LookupNetIP(ctx, network, host)
}

// drained is a relay to a server, by a name that is looked up slowly.
func drained(t *testing.T, s *server, d time.Duration) *bed {
	return start(t, network.Policy{Mode: network.Named, Hosts: local("at-once.test"),
		Allow: allow(t, named("slow.test", s.port()), named("at-once.test", s.port()), named("127.0.0.1", s.port()))},
		func(o *Options) { o.Resolver = slowly{resolver{"slow.test": {"127.0.0.1"}}, d} })
}

// What was sent before the end arrives: though the server reads late, and the connection was not
// made yet.
func TestDrain(t *testing.T) {
	const size = 3 << 20
	got := make(chan int64, 2)
	s := serve(t, "127.0.0.1:0", func(c *net.TCPConn) {
		time.Sleep(200 * time.Millisecond)
		n, err := io.Copy(io.Discard, c)
		if err != nil {
			t.Error(err)
		}
		got <- n
		time.Sleep(3 * time.Second) // and says nothing
	})
	b := drained(t, s, 200*time.Millisecond)
	for _, name := range []string{"at-once.test", "slow.test"} {
		c := b.dial(b.addr(name, s.port()))
		if _, err := c.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	begun := time.Now()
	b.relay.Drain(context.Background())
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("it takes %v", d)
	}
	b.close()
	for range 2 {
		if n := <-got; n != size {
			t.Errorf("%d bytes of %d", n, size)
		}
	}
}

// Nobody waits where there is nothing to deliver, nor for long where nobody takes it.
func TestDrainEnds(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	b := drained(t, s, 0)
	idle := b.dial(b.addr("at-once.test", s.port()))
	exchange(t, idle, "\x01x")
	idle.Close()
	b.dial(b.addr("slow.test", s.port())).Close()
	eventually(t, "the dial", func() bool {
		b.relay.waiting.mu.Lock()
		defer b.relay.waiting.mu.Unlock()
		return len(b.relay.waiting.conns) == 1
	})
	wait := func(ctx context.Context, least, most time.Duration) {
		t.Helper()
		begun := time.Now()
		b.relay.Drain(ctx)
		if d := time.Since(begun); d < least || d > most {
			t.Errorf("it takes %v", d)
		}
	}
	wait(context.Background(), 0, drainIdle/2)
	c := b.dial(b.addr("slow.test", s.port()))
	c.Write([]byte("x"))
	c.Close()
	eventually(t, "the dial", func() bool { return b.relay.waiting.any() })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wait(ctx, 0, drainIdle/2)
	wait(context.Background(), drainIdle, drainMost)
	b.close()
	if n := len(b.relay.waiting.conns); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// A datagram for a name that is being looked up is sent also.
func TestDrainFlow(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	p := network.Policy{Mode: network.Named, Allow: allow(t, "udp/"+named("slow.test", port), "udp/"+named("127.0.0.1", port))}
	b := start(t, p, func(o *Options) { o.Resolver = slowly{resolver{"slow.test": {"127.0.0.1"}}, 200 * time.Millisecond} })
	client := netip.MustParseAddrPort("198.18.0.1:5000")
	b.packet.in <- fakeDatagram{[]byte("x"), client, b.addr("slow.test", port)}
	eventually(t, "the flow", func() bool { all := b.relay.flows.all(); return len(all) == 1 && all[0].waits() })
	b.relay.Drain(context.Background())
	b.close()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, _, err := c.ReadFrom(make([]byte, 9)); err != nil {
		t.Error(err)
	}
}
