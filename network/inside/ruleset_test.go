package inside

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network"
)

// The messages are taken apart by code that shares nothing with what put them together, and
// the kernel itself takes them: namespace_test.go.

// message is one of netlink, taken apart.
type message struct {
	kind, flags uint16
	sequence    uint32
	body        []byte
}

func messages(t *testing.T, b []byte) (list []message) {
	t.Helper()
	for len(b) > 0 {
		if len(b) < 16 {
			t.Fatalf("%d bytes are left", len(b))
		}
		size := int(binary.NativeEndian.Uint32(b))
		if size < 16 || size > len(b) || size%4 != 0 && size+4-size%4 > len(b) {
			t.Fatalf("a message of %d bytes in %d", size, len(b))
		}
		list = append(list, message{binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint16(b[6:]), binary.NativeEndian.Uint32(b[8:]), b[16:size]})
		b = b[(size+3)/4*4:]
	}
	return list
}

// tree is the text of attributes: kind=hex, and of nested ones kind{...}.
func tree(t *testing.T, b []byte) string {
	t.Helper()
	var parts []string
	for len(b) > 0 {
		size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		if size < 4 || size > len(b) {
			t.Fatalf("an attribute of %d bytes in %d", size, len(b))
		}
		if kind&unix.NLA_F_NESTED != 0 {
			parts = append(parts, fmt.Sprintf("%d{%s}", kind&^unix.NLA_F_NESTED, tree(t, b[4:size])))
		} else {
			parts = append(parts, fmt.Sprintf("%d=%x", kind, b[4:size]))
		}
		b = b[min(len(b), (size+3)/4*4):]
	}
	return strings.Join(parts, " ")
}

func TestRuleset(t *testing.T) {
	r := ruleset([]network.PortRange{{First: 8080, Last: 8090}}, []network.PortRange{{First: 1, Last: 65535}}, true, byTproxy, true)
	r.finish()
	list := messages(t, r.buf)
	var kinds []string
	for i, m := range list {
		if m.sequence != uint32(i+1) || m.flags&unix.NLM_F_REQUEST == 0 || len(m.body) < 4 {
			t.Errorf("message %d: %+v", i, m)
		}
		if acknowledged := m.flags&unix.NLM_F_ACK != 0; acknowledged != (i == len(list)-2) {
			t.Errorf("message %d of %d is acknowledged: %v", i, len(list), acknowledged)
		}
		kinds = append(kinds, fmt.Sprintf("%x", m.kind))
	}
	// begin, delete and make the table, a chain, 1 + 4 + 2 + 2 rules, end
	if got := strings.Join(kinds, " "); got != "10 a02 a00 a03 "+strings.Repeat("a06 ", 9)+"11" {
		t.Errorf("messages %s", got)
	}
	if got, want := tree(t, list[3].body[4:]), "1=7573616e64626f7800 3=7573616e64626f7800 4{1=00000000 2=ffffff6a} 7=66696c74657200"; got != want {
		t.Errorf("the chain: %s, want %s", got, want)
	}
	rule := tree(t, list[9].body[4:]) // connections of IPv4
	for _, want := range []string{
		"1{1=6d65746100 2{2=00000010 1=00000001}}", "{1=00000001 2=00000000 3{1=06}}", // meta l4proto, cmp eq tcp
		"2{1=00000001 2=00000002 3=00000002 4=00000002}",         // payload: transport header, offset 2, 2 bytes
		"2{1=00000001 2=00000000 3{1=1f90} 4{1=1f9a}}",           // range 8080-8090
		"2{1=00000002 2{1=0001}}", "2{1=00000001 2{1=c6120002}}", // registers: port 1, 198.18.0.2
		"1{1=7470726f787900 2{1=00000002 2=00000001 3=00000002}}", // tproxy
	} {
		if !strings.Contains(rule, want) {
			t.Errorf("no %s in the rule %s", want, rule)
		}
	}
}

func TestRoutes(t *testing.T) {
	prefixes := func(list ...string) (p []netip.Prefix) {
		for _, s := range list {
			p = append(p, netip.MustParsePrefix(s))
		}
		return p
	}
	got := map[string]destination{}
	for _, r := range routes(prefixes("10.0.0.0/8", "127.0.0.0/8", "::1/128", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "fc00::/7"),
		prefixes("10.1.0.0/16", "172.16.0.0/12", "192.168.3.4/32", "8.8.8.0/24")) {
		got[r.prefix.String()] = r.to
	}
	want := map[string]destination{
		"0.0.0.0/0": local, "::/0": local, "10.0.0.0/8": unreachable, "10.1.0.0/16": local, "172.16.0.0/12": local,
		"192.168.0.0/16": unreachable, "192.168.3.4/32": local, "fc00::/7": unreachable, "fd53:6e64:6278::/48": local,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("routes %v, want %v", got, want)
	}
	r := &request{}
	r.addAddress(Self6)
	r.addRoute(route{netip.MustParsePrefix("10.0.0.0/8"), unreachable})
	r.addRoute(route{netip.MustParsePrefix("0.0.0.0/0"), local})
	r.finish()
	var parts []string
	for i, m := range messages(t, r.buf) {
		header := []int{8, 12, 12}[i]
		parts = append(parts, fmt.Sprintf("%x %s", m.body[:header], tree(t, m.body[header:])))
	}
	self := "fd536e64627800000000000000000001"
	if got, want := strings.Join(parts, "\n"), "0a80020001000000 2="+self+" 1="+self+"\n020800"+"00ff0400"+"0700000000 1=0a000000\n02000000ff04fe0200000000 4=01000000 7=c6120001"; got != want {
		t.Errorf("messages:\n%s, want\n%s", got, want)
	}
}

func TestReplies(t *testing.T) {
	r := &request{}
	r.begin("do this", 1, 0)
	r.finish()
	answer := func(errno unix.Errno, flags uint16, rest ...byte) []byte {
		b := binary.NativeEndian.AppendUint32(nil, uint32(36+len(rest)))
		b = binary.NativeEndian.AppendUint16(b, unix.NLMSG_ERROR)
		b = binary.NativeEndian.AppendUint16(b, flags)
		b = append(b, 1, 0, 0, 0, 0, 0, 0, 0)
		b = binary.NativeEndian.AppendUint32(b, uint32(-int32(errno)))
		return append(append(b, r.buf[:16]...), rest...)
	}
	words := append([]byte{9, 0, 1, 0}, "why\x00\x00\x00\x00\x00"...)
	list, err := replies(append(answer(0, unix.NLM_F_CAPPED), answer(unix.EPERM, unix.NLM_F_CAPPED|unix.NLM_F_ACK_TLVS, words...)...))
	if err != nil || len(list) != 2 || list[0].errno != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	if got := r.problem(list[1]).Error(); got != "do this: operation not permitted (why)" {
		t.Errorf("it says %q", got)
	}
	for _, b := range [][]byte{answer(unix.EPERM, unix.NLM_F_ACK_TLVS)[:30], {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		if _, err := replies(b); err == nil {
			t.Errorf("%x is taken", b)
		}
	}
}

func TestPorts(t *testing.T) {
	for spec, want := range map[string]string{
		"a.example":               "{[80 443] []} {[80 443] []}",
		"a.example:443,8080,8081": "{[443] [{8080 8081}]} {[443 8080 8081] []}",
		"a.example:53":            "{[] [{53 53}]} {[] [{53 53}]}",
		"a.example:50-60":         "{[50 51 52 54 55 56 57 58 59 60] []} {[50 51 52 54 55 56 57 58 59 60] []}",
		"a.example:1-100":         "{[] [{1 52} {54 100}]} {[] [{1 52} {54 100}]}",
		"a.example:1000-1030":     "{[1000 1001 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012 1013 1014 1015 1016 1017 1018 1019 1020 1021 1022 1023] [{1024 1030}]} {[1000 1001 1002 1003 1004 1005 1006 1007 1008 1009 1010 1011 1012 1013 1014 1015 1016 1017 1018 1019 1020 1021 1022 1023 1024 1025 1026 1027 1028 1029 1030] []}",
		"udp/a.example:443":       "{[] []} {[] []}",
	} {
		rules := allow(t, spec)
		got := fmt.Sprint(portsOf(rules, false, network.TCP, true), " ", portsOf(rules, false, network.TCP, false))
		if got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
	every := network.Rule{Protocol: network.TCP, Name: "a.example"}
	if got := fmt.Sprint(portsOf([]network.Rule{every}, false, network.TCP, true)); got != "{[] [{1 52} {54 65535}]}" {
		t.Errorf("every port: %s", got)
	}
}

func TestDatagramOf(t *testing.T) {
	from, to := netip.MustParseAddrPort("8.8.8.8:53"), netip.MustParseAddrPort("198.18.0.1:40000")
	for _, size := range []int{0, 1, 65507} {
		if p := datagramOf(make([]byte, size), from, to); len(p) != 28+size {
			t.Errorf("%d bytes make a packet of %d", size, len(p))
		}
	}
	if datagramOf(make([]byte, 65508), from, to) != nil || datagramOf(nil, from, netip.MustParseAddrPort("[::1]:1")) != nil {
		t.Error("what makes no packet makes one")
	}
}
