package network

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

func rulesOf(t *testing.T, mode Mode, allow, deny string, hosts ...string) *Rules {
	t.Helper()
	p := Policy{Mode: mode}
	for _, spec := range strings.Fields(allow) {
		list, err := ParseAllow(spec, "--allow")
		if err != nil {
			t.Fatal(err)
		}
		p.Allow = append(p.Allow, list...)
	}
	for _, spec := range strings.Fields(deny) {
		list, err := ParseDeny(spec, "--deny")
		if err != nil {
			t.Fatal(err)
		}
		p.Deny = append(p.Deny, list...)
	}
	for _, spec := range hosts {
		h, err := ParseHost(spec, "--hosts")
		if err != nil {
			t.Fatal(err)
		}
		p.Hosts = append(p.Hosts, h)
	}
	return NewRulesWithOwn(p, &Own{List: func() ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("10.0.0.9")}, nil
	}})
}

func TestName(t *testing.T) {
	for _, c := range []struct {
		mode        Mode
		allow, deny string
		proto       Protocol
		name        string
		port        uint16
		want        string // a part of the reason; "": allowed
	}{
		{Named, "", "", TCP, "example.org", 443, "no rule"},
		{None, "", "", TCP, "example.org", 443, "no rule"},
		{Named, "example.org", "", TCP, "example.org", 443, ""},
		{Named, "example.org", "", TCP, "EXAMPLE.org.", 80, ""},
		{Named, "example.org", "", TCP, "example.org", 22, "no rule"},
		{Named, "example.org", "", UDP, "example.org", 443, "no rule"},
		{Named, "example.org", "", TCP, "www.example.org", 443, "no rule"},
		{Named, "example.org", "", TCP, "badexample.org", 443, "no rule"},
		{Named, "*.example.org", "", TCP, "example.org", 443, "no rule"},
		{Named, "*.example.org", "", TCP, "a.b.example.org", 443, ""},
		{Named, "*.example.org", "", TCP, "aexample.org", 443, "no rule"},
		{Named, "*.example.org", "", TCP, "a.example.org.evil.test", 443, "no rule"},
		{Named, "example.org:22 example.org:8000-8010", "", TCP, "example.org", 8005, ""},
		{Named, "example.org:*", "", TCP, "example.org", 1, ""},
		{Named, "example.org:*", "", UDP, "example.org", 1, "no rule"},
		{Named, "udp/example.org:53", "", UDP, "example.org", 53, ""},
		{Named, "udp/example.org:53", "", TCP, "example.org", 53, "no rule"},
		{Named, "*.example.org", "bad.example.org", TCP, "bad.example.org", 443, "denied by --deny bad.example.org"},
		{Named, "a.example.org", "*.example.org", TCP, "a.example.org", 443, "denied by --deny *.example.org"},
		{Named, "example.org", "example.org:443", TCP, "example.org", 443, "denied"},
		{Named, "example.org", "example.org:443", TCP, "example.org", 80, ""},
		{Named, "example.org", "udp/example.org", TCP, "example.org", 443, ""},
		{Named, "192.0.2.1:443", "", TCP, "192.0.2.1", 443, "no name"},
		{Open, "", "", TCP, "example.org", 1, ""},
		{Open, "", "", UDP, "example.org", 1, ""},
		{Open, "", "*.example.org", TCP, "a.example.org", 1, "denied"},
		{Open, "", "", TCP, "localhost", 1, "no name"},
		{Open, "", "", TCP, "127.1", 1, "no name"},
	} {
		v := rulesOf(t, c.mode, c.allow, c.deny).Name(c.proto, c.name, c.port)
		if v.Allowed != (c.want == "") || !strings.Contains(v.Reason, c.want) {
			t.Errorf("%+v: %+v", c, v)
		}
		if v.Allowed && c.mode == Named && v.Rule == nil || strings.HasPrefix(c.want, "denied") && v.Rule == nil {
			t.Errorf("%+v: no rule", c)
		}
		if c.want == "no rule" {
			spec := strings.TrimPrefix(v.Flag, "--allow ")
			if again := rulesOf(t, c.mode, spec, "").Name(c.proto, c.name, c.port); !again.Allowed {
				t.Errorf("%+v: its flag %q does not allow it", c, v.Flag)
			}
		}
	}
}

func TestKnown(t *testing.T) {
	for _, c := range []struct {
		mode              Mode
		allow, deny, name string
		want              bool
	}{
		{Named, "", "", "example.org", false},
		{Named, "example.org", "", "Example.org.", true},
		{Named, "*.example.org", "", "a.example.org", true},
		{Named, "*.example.org", "", "example.org", false},
		{Named, "udp/example.org:53", "", "example.org", true},
		{Named, "example.org", "example.org", "example.org", false},
		{Named, "example.org", "example.org:443", "example.org", true},
		{Named, "example.org", "example.org:443 example.org:80", "example.org", false},
		{Named, "example.org", "example.org:70-90 *.org.test example.org:400-500", "example.org", false},
		{Named, "example.org:1-100", "example.org:1-50", "example.org", true},
		{Named, "example.org:1-100", "example.org:1-50 example.org:51-200", "example.org", false},
		{Named, "example.org:*", "tcp/example.org", "example.org", false},
		{Named, "example.org:*", "udp/example.org", "example.org", true},
		{Named, "192.0.2.1", "", "192.0.2.1", false},
		{Named, "*.example.org", "", "a b.example.org", false},
		{Open, "", "", "example.org", true},
		{Open, "", "example.org", "example.org", false},
		{Open, "", "tcp/example.org", "example.org", true},
		{Open, "", "example.org:1-65534", "example.org", true},
		{Open, "", "", "0x7f.1", false},
		{Open, "", "", "localhost", false},
	} {
		if got := rulesOf(t, c.mode, c.allow, c.deny).Known(c.name); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		mode        Mode
		allow, deny string
		proto       Protocol
		addr        string
		want        string // a part of the reason; "": allowed
	}{
		{Named, "example.org", "", TCP, "192.0.2.1:443", "no rule"},
		{Named, "192.0.2.0/24:443", "", TCP, "192.0.2.1:443", ""},
		{Named, "192.0.2.0/24:443", "", TCP, "[::ffff:192.0.2.1]:443", ""},
		{Named, "192.0.2.0/24:443", "", TCP, "192.0.2.1:80", "no rule"},
		{Named, "192.0.2.0/24:443", "", UDP, "192.0.2.1:443", "no rule"},
		{Named, "192.0.2.0/24:443", "192.0.2.1", TCP, "192.0.2.1:443", "denied by --deny 192.0.2.1"},
		{Named, "[2001:db8::/32]:443", "", TCP, "[2001:db8::5]:443", ""},
		{Named, "", "", TCP, "10.0.0.1:443", "a private address"},
		{Named, "10.0.0.0/8:443", "", TCP, "10.0.0.1:443", ""},
		{Named, "10.0.0.1:443", "", TCP, "10.0.0.1:443", ""},
		// The whole Internet does not name what is refused.
		{Named, "0.0.0.0/0:443", "", TCP, "192.0.2.1:443", ""},
		{Named, "0.0.0.0/0:443", "", TCP, "10.0.0.1:443", "a private address"},
		{Named, "0.0.0.0/0:80", "", TCP, "169.254.169.254:80", "metadata"},
		{Named, "0.0.0.0/0:80", "", TCP, "127.0.0.1:80", "loopback"},
		{Named, "[::/0]:80", "", TCP, "[::1]:80", "loopback"},
		{Named, "[::/0]:80", "", TCP, "[64:ff9b::127.0.0.1]:80", "loopback"},
		{Named, "[64:ff9b::/96]:80", "", TCP, "[64:ff9b::127.0.0.1]:80", "loopback"},
		{Named, "[64:ff9b::127.0.0.1]:80", "", TCP, "[64:ff9b::127.0.0.1]:80", ""},
		// The machine's own, whatever they are.
		{Named, "203.0.113.0/24:80", "", TCP, "203.0.113.7:80", "the machine itself"},
		{Named, "203.0.113.7:80", "", TCP, "203.0.113.7:80", ""},
		{Named, "10.0.0.0/8:80", "", TCP, "10.0.0.9:80", "the machine itself"},
		{Named, "127.0.0.0/8:80", "", TCP, "127.0.0.1:80", ""},
		{Open, "", "", TCP, "192.0.2.1:1", ""},
		{Open, "", "", TCP, "203.0.113.7:1", "the machine itself"},
		{Open, "", "", TCP, "[64:ff9b::203.0.113.7]:1", "the machine itself"},
		{Open, "", "", TCP, "127.0.0.1:1", "loopback"},
		{Open, "", "", TCP, "[::ffff:127.0.0.1]:1", "loopback"},
		{Open, "127.0.0.1:5432", "", TCP, "127.0.0.1:5432", ""},
		{Open, "127.0.0.1:5432", "", UDP, "127.0.0.1:5432", "loopback"},
		{Open, "127.0.0.1:5432", "", TCP, "127.0.0.1:5433", "loopback"},
		{Open, "", "192.0.2.0/24", TCP, "192.0.2.1:1", "denied"},
		{Open, "", "192.0.2.0/24", TCP, "[::ffff:192.0.2.1]:1", "denied"},
		{Open, "", "192.0.2.0/24", TCP, "[64:ff9b::192.0.2.1]:1", "denied"},
		{Open, "", "192.0.2.0/24:443", UDP, "192.0.2.1:443", "denied"},
	} {
		a := netip.MustParseAddrPort(c.addr)
		v := rulesOf(t, c.mode, c.allow, c.deny).Address(c.proto, a)
		if v.Allowed != (c.want == "") || !strings.Contains(v.Reason, c.want) {
			t.Errorf("%+v: %+v", c, v)
		}
		if !v.Allowed && !strings.HasPrefix(c.want, "denied") {
			if again := rulesOf(t, c.mode, strings.TrimPrefix(v.Flag, "--allow "), "").Address(c.proto, a); !again.Allowed {
				t.Errorf("%+v: its flag %q does not allow it: %v", c, v.Flag, again)
			}
		}
	}
}

// A name that is allowed does not lead to what is refused: its owner says where it leads.
func TestDialled(t *testing.T) {
	for _, c := range []struct {
		allow, deny, hosts, addr string
		want                     string // a part of the reason; "": allowed
	}{
		{"example.org", "", "a.b=10.0.0.1", "192.0.2.1:443", ""},
		{"example.org", "", "a.b=10.0.0.1", "10.0.0.1:443", "a private address"},
		{"example.org", "", "a.b=10.0.0.1", "127.0.0.1:443", "loopback"},
		{"example.org", "", "a.b=10.0.0.1", "[::ffff:127.0.0.1]:443", "loopback"},
		{"example.org", "", "a.b=10.0.0.1", "203.0.113.7:443", "the machine itself"},
		{"example.org 0.0.0.0/0:443", "", "a.b=10.0.0.1", "169.254.169.254:443", "metadata"},
		{"example.org", "", "example.org=10.0.0.1", "10.0.0.1:443", ""},
		{"example.org", "", "example.org=10.0.0.1", "10.0.0.2:443", "a private address"},
		{"example.org", "", "example.org=127.0.0.1", "127.0.0.1:443", ""},
		{"example.org", "10.0.0.0/8", "example.org=10.0.0.1", "10.0.0.1:443", "denied"},
		{"example.org 10.0.0.1:443", "", "a.b=10.0.0.1", "10.0.0.1:443", ""},
		{"example.org 10.0.0.1:22", "", "a.b=10.0.0.1", "10.0.0.1:443", "a private address"},
		{"example.org", "192.0.2.0/24", "a.b=10.0.0.1", "192.0.2.1:443", "denied"},
		{"example.org", "192.0.2.0/24:80", "a.b=10.0.0.1", "192.0.2.1:443", ""},
		{"other.org", "", "example.org=10.0.0.1", "10.0.0.1:443", "no rule"},
	} {
		r := rulesOf(t, Named, c.allow, c.deny, c.hosts)
		err := r.Dialled(r.Name(TCP, "example.org", 443), TCP, "example.org", netip.MustParseAddrPort(c.addr))
		var refused *RefusedError
		if (err == nil) != (c.want == "") || err != nil && (!errors.As(err, &refused) || !strings.Contains(refused.Reason, c.want)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Where the machine's own addresses cannot be found out, nothing passes for foreign.
func TestOwnUnknown(t *testing.T) {
	r := NewRulesWithOwn(Policy{Mode: Open}, &Own{List: func() ([]netip.Addr, error) { return nil, errors.New("broken") }})
	if v := r.Address(TCP, netip.MustParseAddrPort("192.0.2.1:443")); v.Allowed {
		t.Error("allowed")
	}
	if err := r.Dialled(Verdict{Allowed: true}, TCP, "a.b", netip.MustParseAddrPort("192.0.2.1:443")); err == nil {
		t.Error("dialled")
	}
}

func TestOwnOfThisMachine(t *testing.T) {
	var own Own
	if has, err := own.Has(netip.MustParseAddr("127.0.0.1")); !has || err != nil {
		t.Error(has, err)
	}
	if has, err := own.Has(netip.MustParseAddr("192.0.2.77")); has || err != nil {
		t.Error(has, err)
	}
	// No interface has it, and yet it is the machine's: a route says so.
	if has, err := own.Has(netip.MustParseAddr("127.55.44.33")); !has || err != nil {
		t.Error(has, err)
	}
	for _, text := range []string{"::1", "127.0.0.1", "127.255.255.255"} {
		if own, ok := delivered(netip.MustParseAddr(text)); !own || !ok {
			t.Error(text, own, ok)
		}
	}
	for _, text := range []string{"192.0.2.77", "2001:db8::77"} {
		if own, ok := delivered(netip.MustParseAddr(text)); own || !ok {
			t.Error(text, own, ok)
		}
	}
}

func BenchmarkDelivered(b *testing.B) {
	a := netip.MustParseAddr("192.0.2.77")
	for b.Loop() {
		delivered(a)
	}
}

func TestAdd(t *testing.T) {
	r := rulesOf(t, Named, "", "")
	parsed, _ := ParseAllow("example.org", "usandbox net")
	deny, _ := ParseDeny("example.org:80", "usandbox net")
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 50 {
				r.Known("example.org")
				r.Name(TCP, "example.org", 443)
			}
		})
		wait.Go(func() { r.Add(true, parsed...) })
	}
	wait.Wait()
	if len(r.Policy().Allow) != 1 || !r.Name(TCP, "example.org", 80).Allowed {
		t.Error("it is not allowed once", r.Policy())
	}
	if err := r.Add(false, deny...); err != nil || r.Name(TCP, "example.org", 80).Allowed || !r.Name(TCP, "example.org", 443).Allowed {
		t.Error("it is not denied", err)
	}
	r.Policy().Allow[0].Name = "evil.test"
	if r.Known("evil.test") {
		t.Error("who asks for the policy can change it")
	}
	var many []Rule
	for i := range MaxListRules {
		many = append(many, Rule{Protocol: TCP, Name: fmt.Sprintf("n%d.test", i)})
	}
	if err := r.Add(true, many...); err == nil || r.Known("n1.test") {
		t.Error("more rules than there may be", err)
	}
}

func TestHostAddresses(t *testing.T) {
	r := rulesOf(t, Named, "a.b", "", "a.b=192.0.2.1", "a.b=2001:db8::1")
	if got := fmt.Sprint(r.HostAddresses("A.b.")); got != "[192.0.2.1 2001:db8::1]" {
		t.Error(got)
	}
	if r.HostAddresses("b.c") != nil {
		t.Error("not nil")
	}
}

// In a sandbox names have addresses of that sandbox's, which are refused elsewhere.
func TestOuterSandbox(t *testing.T) {
	rules, err := ParseAllow("example.org:443", "")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"198.18.1.1", "198.19.255.254", "fd53:6e64:6278:1::1"}
	others := []string{"198.18.0.1", "198.18.0.2", "198.18.0.3", "fd53:6e64:6278::1", "fd53:6e64:6278::2", "10.0.0.1", "fd53:6e64:6279::1", "127.0.0.1"}
	for _, inside := range []bool{true, false} {
		r := NewRulesWithOwn(Policy{Mode: Named, Allow: rules}, &Own{List: func() ([]netip.Addr, error) {
			list := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
			if inside {
				list = append(list, netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("fd53:6e64:6278::1"))
			}
			return list, nil
		}})
		v := r.Name(TCP, "example.org", 443)
		for i, text := range append(names, others...) {
			a := netip.AddrPortFrom(netip.MustParseAddr(text), 443)
			if err := r.Dialled(v, TCP, "example.org", a); (err == nil) != (inside && i < len(names)) {
				t.Errorf("in a sandbox %v: %s: %v", inside, text, err)
			}
			if r.Address(TCP, a).Allowed {
				t.Errorf("%s is allowed without a name", text)
			}
		}
	}
}
