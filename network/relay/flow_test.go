package relay

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/usandbox/usandbox/network"
)

// echoPackets sends datagrams back, with a letter before them.
func echoPackets(t testing.TB) (*net.UDPConn, uint16) {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 65536)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b[1:])
			if err != nil {
				return
			}
			b[0] = '>'
			c.WriteToUDPAddrPort(b[:n+1], from)
		}
	}()
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

func client(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("198.18.0.1"), uint16(40000+n))
}

func (b *bed) packetOut(n int, to netip.AddrPort, data string) {
	b.packet.in <- fakeDatagram{[]byte(data), client(n), to}
}

func (b *bed) wantPacket(n int, from netip.AddrPort, data string) {
	b.t.Helper()
	select {
	case d := <-b.packet.out:
		if string(d.data) != data || d.client != client(n) || d.host != from {
			b.t.Errorf("got %.40q from %s to %s, want %.40q from %s to %s", d.data, d.host, d.client, data, from, client(n))
		}
	case <-time.After(5 * time.Second):
		b.t.Fatal("no answer")
	}
}

func (b *bed) wantNoPacket() {
	b.t.Helper()
	select {
	case d := <-b.packet.out:
		b.t.Errorf("got %q", d.data)
	case <-time.After(50 * time.Millisecond):
	}
}

func TestFlows(t *testing.T) {
	_, port := echoPackets(t)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, fmt.Sprintf("udp/a.test:%d", port), fmt.Sprintf("udp/b.test:%d", port)), Hosts: local("a.test", "b.test")})
	a, bb := b.addr("a.test", port), b.addr("b.test", port)
	big := string(make([]byte, 20000))
	b.packetOut(1, a, "first")
	b.wantPacket(1, a, ">first")
	b.packetOut(1, a, "")
	b.wantPacket(1, a, ">")
	b.packetOut(2, a, "two")
	b.wantPacket(2, a, ">two")
	b.packetOut(1, bb, "other")
	b.wantPacket(1, bb, ">other")
	b.packetOut(1, a, big)
	b.wantPacket(1, a, ">"+big)
	if n := len(b.relay.flows.all()); n != 3 {
		t.Errorf("%d flows", n)
	}
	list := b.records()
	if len(list) != 3 {
		t.Errorf("records: %+v", list)
	}
	r := find(t, list, func(r Record) bool { return r.Out == 20005 })
	if r.Protocol != "udp" || r.Name != "a.test" || r.Address != "127.0.0.1" || r.In != 20008 || r.Verdict != wordAllowed {
		t.Errorf("%+v", r)
	}
	if sum := b.close(); sum.Allowed != 3 {
		t.Errorf("%+v", sum)
	}
}

// A rule for TCP, QUIC's port or not, is none for UDP.
func TestFlowsRefused(t *testing.T) {
	c, port := echoPackets(t)
	got := make(chan int, 16)
	c.SetReadDeadline(time.Now()) // the echo ends
	time.Sleep(10 * time.Millisecond)
	c.SetReadDeadline(time.Time{})
	go func() {
		n, _, _ := c.ReadFromUDPAddrPort(make([]byte, 100))
		got <- n
	}()
	names := resolver{"re.test": {"127.0.0.1"}}
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("a.test", port), "a.test:443", fmt.Sprintf("udp/re.test:%d", port)), Hosts: local("a.test", "evil.test")},
		func(o *Options) { o.Resolver = names })
	for range 3 {
		b.packetOut(1, b.addr("a.test", port), "secret")
		b.packetOut(1, b.addr("a.test", 443), "secret")
		b.packetOut(1, b.addr("evil.test", port), "secret")
		b.packetOut(1, b.addr("re.test", port), "secret")
		b.packetOut(1, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), "secret")
		b.packetOut(1, netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port), "secret")
	}
	eventually(t, "the refusals", func() bool { return b.relay.denied.Load() == 6 })
	b.wantNoPacket()
	select {
	case n := <-got:
		t.Errorf("the server got %d bytes", n)
	default:
	}
	sum := b.close()
	if sum.Denied != 6 || sum.Allowed != 0 || len(b.records()) != 6 {
		t.Errorf("%+v, %d records", sum, len(b.records()))
	}
	for _, r := range sum.Refused {
		if r.Name == "a.test" && r.Allow != fmt.Sprintf("--allow udp/a.test:%d,443", port) && r.Allow != fmt.Sprintf("--allow udp/a.test:443,%d", port) {
			t.Errorf("%+v", r)
		}
	}
}

func TestFlowsIdle(t *testing.T) {
	_, port := echoPackets(t)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, fmt.Sprintf("udp/a.test:%d", port)), Hosts: local("a.test")},
		func(o *Options) { o.Limits.FlowIdle = 100 * time.Millisecond })
	a := b.addr("a.test", port)
	b.packetOut(1, a, "x")
	b.wantPacket(1, a, ">x")
	eventually(t, "the end of the flow", func() bool { return len(b.relay.flows.all()) == 0 })
	b.packetOut(1, a, "y")
	b.wantPacket(1, a, ">y")
}

func TestFlowsCap(t *testing.T) {
	_, port := echoPackets(t)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, fmt.Sprintf("udp/a.test:%d", port)), Hosts: local("a.test")},
		func(o *Options) { o.Limits.Flows = 2 })
	a := b.addr("a.test", port)
	for n := range 2 {
		b.packetOut(n, a, "x")
		b.wantPacket(n, a, ">x")
	}
	b.packetOut(3, a, "x")
	b.wantNoPacket()
	if len(b.relay.flows.all()) != 2 {
		t.Error("too many flows")
	}
	// One that was idle for some time makes room.
	for _, f := range b.relay.flows.all() {
		if f.key.client == client(0) {
			f.last.Store(time.Now().Add(-evictable).UnixNano())
		}
	}
	b.packetOut(3, a, "x")
	b.wantPacket(3, a, ">x")
	b.packetOut(1, a, "y")
	b.wantPacket(1, a, ">y")
}

func TestFlowsDeny(t *testing.T) {
	_, port := echoPackets(t)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, fmt.Sprintf("udp/a.test:%d", port)), Hosts: local("a.test")})
	a := b.addr("a.test", port)
	b.packetOut(1, a, "x")
	b.wantPacket(1, a, ">x")
	if err := b.relay.Deny(deny(t, "a.test")...); err != nil {
		t.Fatal(err)
	}
	if len(b.relay.flows.all()) != 0 {
		t.Error("the flow is there still")
	}
	b.packetOut(1, a, "x")
	b.wantNoPacket()
}
