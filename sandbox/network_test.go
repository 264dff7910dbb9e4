package sandbox

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/network"
)

// greeter is a TCP server on the machine's loopback that says who it is.
func greeter(t *testing.T, at, says string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				fmt.Fprintln(c, says)
				io.Copy(io.Discard, c)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func namedPolicy(t *testing.T, allow ...string) network.Policy {
	t.Helper()
	p := network.Policy{Mode: network.Named, Hosts: []network.HostAddress{{Name: "server.test", Addr: netip.MustParseAddr("127.0.0.1")}}}
	for _, a := range allow {
		rules, err := network.ParseAllow(a, "test")
		if err != nil {
			t.Fatal(err)
		}
		p.Allow = append(p.Allow, rules...)
	}
	return p
}

func TestNamed(t *testing.T) {
	addr := greeter(t, "127.0.0.1:0", "hello from outside")
	c := Command("bash", "-c", fmt.Sprintf("cat /etc/resolv.conf; exec 3<>/dev/tcp/server.test/%d && head -1 <&3", addr.Port()))
	c.Policy.Network = namedPolicy(t, fmt.Sprintf("server.test:%d", addr.Port()))
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "hello from outside") {
		t.Errorf("%v: %s", err, out)
	}
}
