package relay

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/network"
)

func published(list ...network.Published) network.Policy {
	return network.Policy{Publish: list}
}

func TestPublish(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	any := netip.MustParseAddrPort("127.0.0.1:0")
	var warned []string
	b := start(t, published(network.Published{Protocol: network.TCP, Host: any, Port: 80}, network.Published{Protocol: network.TCP, Host: any, Port: 81}),
		func(o *Options) { o.Warn = func(s string) { warned = append(warned, s) } })
	b.publishes(80, netip.MustParseAddrPort(s.Addr().String()))
	list := b.relay.Published()
	if len(list) != 2 || list[0].Host.Port() == 0 || len(warned) != 2 || !strings.Contains(warned[0], list[0].Host.String()) {
		t.Fatal(list, warned)
	}
	c, err := net.Dial("tcp", list[0].Host.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	exchange(t, c, "hello")
	c.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
	// Nothing listens in the sandbox.
	c, err = net.Dial("tcp", list[1].Host.String())
	if err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		wantReset(t, c)
	}
	eventually(t, "the ends", func() bool { return b.relay.allowed.Load()+b.relay.failed.Load() == 2 })
	all := b.records()
	r := find(t, all, func(r Record) bool { return r.Verdict == wordAllowed })
	if r.Direction != "in" || r.Port != 80 || r.In != 5 || r.Out != 5 || r.Address != "127.0.0.1" || r.Protocol != "tcp" {
		t.Errorf("%+v", r)
	}
	r = find(t, all, func(r Record) bool { return r.Verdict == wordFailed })
	if !strings.Contains(r.Reason, "refused") || r.Port != 81 {
		t.Errorf("%+v", r)
	}
	if _, err := net.Dial("tcp", list[0].Host.String()); err == nil {
		t.Error("the port is open still")
	}
}

func TestPublishPackets(t *testing.T) {
	c, _ := echoPackets(t)
	for _, host := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0", "[::1]:0"} {
		b := start(t, published(network.Published{Protocol: network.UDP, Host: netip.MustParseAddrPort(host), Port: 53}))
		b.publishes(53, netip.MustParseAddrPort(c.LocalAddr().String()))
		port := b.relay.Published()[0].Host.Port()
		// An address that is not the first choice of the kernel for an answer.
		to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), port)
		if a := netip.MustParseAddrPort(host).Addr(); a.IsLoopback() {
			to = netip.AddrPortFrom(a, port)
		}
		for range 2 {
			u, err := net.Dial("udp", to.String())
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			u.SetDeadline(time.Now().Add(5 * time.Second))
			for _, text := range []string{"one", "two"} {
				io.WriteString(u, text)
				got := make([]byte, 100)
				n, err := u.Read(got)
				if err != nil || string(got[:n]) != ">"+text {
					t.Errorf("%s: got %q, %v", host, got[:n], err)
				}
			}
		}
		list := b.records()
		if len(list) != 2 || list[0].Direction != "in" || list[0].In != 6 || list[0].Out != 8 || list[0].Port != 53 {
			t.Errorf("%s: %+v", host, list)
		}
	}
}

func TestPublishErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	for _, p := range []network.Published{
		{Protocol: network.TCP, Host: netip.MustParseAddrPort(l.Addr().String())},
		{Protocol: network.UDP, Host: netip.MustParseAddrPort(u.LocalAddr().String())},
		{Protocol: network.TCP, Host: netip.MustParseAddrPort("192.0.2.1:8080")},
	} {
		p.Port, p.Origin = 80, "--publish "+p.Host.String()+":80"
		_, err := Start(newFake(t), network.NewRules(published(p)), Options{})
		var start *StartError
		if !errors.As(err, &start) || !strings.Contains(err.Error(), p.Origin) || start.Hint == "" {
			t.Errorf("%s: %v", p.Origin, err)
		}
	}
}
