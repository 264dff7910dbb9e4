package relay

import (
	"encoding/json"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/usandbox/usandbox/network"
)

// lookUp asks the relay's resolver for an address.
func (b *bed) lookUp(name string, t dnsmessage.Type) (dnsmessage.RCode, []netip.Addr) {
	b.t.Helper()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name + "."), Type: t, Class: dnsmessage.ClassINET}}}
	query, err := m.Pack()
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := net.Dial("udp", b.udp.LocalAddr().String())
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write(query); err != nil {
		b.t.Fatal(err)
	}
	reply := make([]byte, 1500)
	n, err := c.Read(reply)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := m.Unpack(reply[:n]); err != nil {
		b.t.Fatal(err)
	}
	var list []netip.Addr
	for _, a := range m.Answers {
		switch body := a.Body.(type) {
		case *dnsmessage.AResource:
			list = append(list, netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			list = append(list, netip.AddrFrom16(body.AAAA))
		}
	}
	return m.RCode, list
}

func TestNames(t *testing.T) {
	s := echo(t, "127.0.0.1:0")
	log := &lockedBuffer{}
	asked := make(chan string, 100)
	b := start(t, network.Policy{Mode: network.Named, Hosts: local("a.test"),
		Allow: allow(t, named("a.test", s.port()), "there.test", "absent.test"), Deny: deny(t, "denied.test")},
		func(o *Options) {
			o.DNSLog = log
			o.Resolver = spy{resolver{"there.test": {"192.0.2.1"}, "evil.test": {"192.0.2.1"}}, asked}
		})
	_, v4 := b.lookUp("a.test", dnsmessage.TypeA)
	_, v6 := b.lookUp("a.test", dnsmessage.TypeAAAA)
	if len(v4) != 1 || len(v6) != 1 {
		t.Fatal(v4, v6)
	}
	for _, a := range []netip.Addr{v4[0], v6[0]} {
		c := b.dial(netip.AddrPortFrom(a, s.port()))
		exchange(t, c, "\x01hello")
		c.Close()
	}
	if code, list := b.lookUp("there.test", dnsmessage.TypeA); code != dnsmessage.RCodeSuccess || len(list) != 1 {
		t.Error(code, list)
	}
	for _, name := range []string{"absent.test", "evil.test", "secret.evil.test", "denied.test"} {
		if code, list := b.lookUp(name, dnsmessage.TypeA); code != dnsmessage.RCodeNameError || len(list) != 0 {
			t.Error(name, code, list)
		}
	}
	b.lookUp("evil.test", dnsmessage.TypeAAAA)
	b.lookUp("evil.test", dnsmessage.TypeAAAA) // a second look-up
	b.lookUp("evil.test", dnsmessage.TypeTXT)
	b.lookUp("evil.test", dnsmessage.TypeA)
	sum := b.close()
	close(asked)
	for name := range asked {
		if name != "there.test." && name != "absent.test." {
			t.Errorf("the question for %s went out", name)
		}
	}
	if sum.Denied != 4 || len(sum.Refused) != 3 {
		t.Errorf("%+v", sum)
	}
	r := sum.Refused[0]
	if r.Name != "evil.test" || r.Count != 2 || r.Protocol != network.Any || r.Allow != "--allow evil.test" || len(r.Programs) != 1 {
		t.Errorf("%+v", r)
	}
	if r = sum.Refused[2]; r.Name != "denied.test" || r.Allow != "" {
		t.Errorf("%+v", r)
	}
	var q QueryRecord
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 11 {
		t.Errorf("%d lines", len(lines))
	}
	if err := json.Unmarshal([]byte(lines[0]), &q); err != nil || q.Name != "a.test" || q.Type != "A" || q.Verdict != "answered" || q.Time.IsZero() {
		t.Errorf("%+v, %v", q, err)
	}
	if !slices.ContainsFunc(lines, func(s string) bool { return strings.Contains(s, `"verdict":"not-allowed"`) }) {
		t.Error(lines)
	}
}
