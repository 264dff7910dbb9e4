package dns

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestServer(t *testing.T) {
	const nothing, absent = "Success SOA 5 5", "NameError SOA 5 5"
	own6 := "1." + strings.Repeat("0.", 15) + "1.0.0.0.8.7.2.6.4.6.e.6.3.5.d.f.ip6.arpa."
	for _, test := range []struct {
		name    string
		typ     dnsmessage.Type
		want    string
		verdict Verdict
	}{
		{"example.org.", dnsmessage.TypeA, "Success 198.18.1.1", Answered},
		{"example.org.", dnsmessage.TypeAAAA, "Success fd53:6e64:6278:1::1", Answered},
		{"a.wild.example.net.", dnsmessage.TypeAAAA, "Success fd53:6e64:6278:1::2", Answered},
		{"a.wild.example.net.", dnsmessage.TypeA, "Success 198.18.1.2", Answered},
		{"host.", dnsmessage.TypeA, "Success 198.18.1.3", Answered},
		{"example.org.", dnsmessage.TypeCNAME, nothing, NoData},
		{"example.org.", dnsmessage.TypeHTTPS, nothing, NoData},
		{"example.org.", dnsmessage.TypeSVCB, nothing, NoData},
		{"example.org.", dnsmessage.TypePTR, nothing, NoData},
		{"example.org.", dnsmessage.TypeALL, `Success HINFO "\aRFC8482\x00"`, Answered},
		{"example.org.", dnsmessage.TypeTXT, "Refused", Denied},
		{"example.org.", dnsmessage.TypeMX, "Refused", Denied},
		{"example.org.", dnsmessage.TypeAXFR, "Refused", Denied},
		{"example.org.", 251, "Refused", Denied},
		{"example.org.", 10, "Refused", Denied},
		{"wild.example.net.", dnsmessage.TypeA, absent, NotAllowed},
		{"other.example.", dnsmessage.TypeA, absent, NotAllowed},
		{"other.example.", dnsmessage.TypeTXT, absent, NotAllowed},
		{"example.org.other.example.", dnsmessage.TypeAAAA, absent, NotAllowed},
		{"b\x00.wild.example.net.", dnsmessage.TypeA, absent, NotAllowed},
		{"b c.wild.example.net.", dnsmessage.TypeA, absent, NotAllowed},
		{"\xc3\xa4.wild.example.net.", dnsmessage.TypeA, absent, NotAllowed},
		{"127.0.0.1.", dnsmessage.TypeA, absent, NotAllowed},
		{"a.0x7f.", dnsmessage.TypeA, absent, NotAllowed},
		{".", dnsmessage.TypeNS, "Refused", Denied},
		{"localhost.", dnsmessage.TypeA, "Success 127.0.0.1", Answered},
		{"a.LocalHost.", dnsmessage.TypeAAAA, "Success ::1", Answered},
		{"localhost.", dnsmessage.TypeHTTPS, nothing, NoData},
		{"1.1.18.198.in-addr.arpa.", dnsmessage.TypePTR, "Success example.org.", Answered},
		{"1.1.18.198.in-addr.arpa.", dnsmessage.TypeA, nothing, NoData},
		{own6, dnsmessage.TypePTR, "Success example.org.", Answered},
		{"9.1.18.198.in-addr.arpa.", dnsmessage.TypePTR, absent, NoSuchName},
		{"0.1.18.198.in-addr.arpa.", dnsmessage.TypePTR, absent, NoSuchName},
		{"1.0.18.198.in-addr.arpa.", dnsmessage.TypePTR, absent, NoSuchName},
		{"1.0.0.127.in-addr.arpa.", dnsmessage.TypePTR, "Success localhost.", Answered},
		{"1." + strings.Repeat("0.", 31) + "ip6.arpa.", dnsmessage.TypePTR, "Success localhost.", Answered},
		{"1.1.1.1.in-addr.arpa.", dnsmessage.TypePTR, absent, NoSuchName},
		{"ipv4only.arpa.", dnsmessage.TypeAAAA, absent, NoSuchName},
		{"_dns.resolver.arpa.", dnsmessage.TypeSVCB, absent, NoSuchName},
		{"x.in-addr.arpa.", dnsmessage.TypeTXT, absent, NoSuchName},
		{"arpa.", dnsmessage.TypeA, absent, NotAllowed},
	} {
		t.Run(fmt.Sprint(test.name, " ", TypeName(test.typ)), func(t *testing.T) {
			r := start(t, nil)
			for _, name := range []string{"example.org", "a.wild.example.net", "host"} {
				r.Pool.Addresses(name)
			}
			m := r.ask(t, question(t, test.name, test.typ))
			if got := short(m); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if len(m.Questions) != 1 || m.Questions[0].Name.String() != test.name {
				t.Errorf("questions are %v", m.Questions)
			}
			if !m.RecursionAvailable || m.AuthenticData || m.Truncated {
				t.Errorf("header %+v", m.Header)
			}
			q := r.lastLogged()
			if q.Verdict != test.verdict || q.Type != test.typ || q.Stream ||
				q.Client.Addr() != netip.MustParseAddr("127.0.0.1") || q.Client.Port() == 0 {
				t.Errorf("logged %+v, want verdict %v", q, test.verdict)
			}
			if i := strings.IndexFunc(q.Name, func(c rune) bool { return c <= ' ' || c > '~' }); i >= 0 {
				t.Errorf("logged name %q is not printable", q.Name)
			}
		})
	}
}

func TestNoIPv6(t *testing.T) {
	r := start(t, func(s *Server) { s.NoIPv6 = true })
	if got := short(r.ask(t, question(t, "example.org.", dnsmessage.TypeAAAA))); got != "Success SOA 5 5" {
		t.Error(got)
	}
	if got := short(r.ask(t, question(t, "example.org.", dnsmessage.TypeA))); got != "Success 198.18.1.1" {
		t.Error(got)
	}
}

func TestPoolFull(t *testing.T) {
	r := start(t, func(s *Server) { s.Pool = NewPool(1) })
	for _, test := range [][2]string{
		{"a.wild.example.net.", "Success 198.18.1.1"}, {"b.wild.example.net.", "ServerFailure"},
		{"a.wild.example.net.", "Success 198.18.1.1"},
	} {
		if got := short(r.ask(t, question(t, test[0], dnsmessage.TypeA))); got != test[1] {
			t.Errorf("%s: %s, want %s", test[0], got, test[1])
		}
	}
}

// A client that writes a name in random case (0x20) finds it so in question and answer.
func TestCaseIsKept(t *testing.T) {
	r := start(t, nil)
	m := r.ask(t, question(t, "eXaMPle.oRg.", dnsmessage.TypeA))
	if got := short(m); got != "Success 198.18.1.1" {
		t.Error(got)
	}
	if m.Questions[0].Name.String() != "eXaMPle.oRg." || m.Answers[0].Header.Name.String() != "eXaMPle.oRg." {
		t.Errorf("%v %v", m.Questions, m.Answers)
	}
	if q := r.lastLogged(); q.Name != "example.org" {
		t.Errorf("logged as %q", q.Name)
	}
}

func TestMalformed(t *testing.T) {
	good := question(t, "example.org.", dnsmessage.TypeA)
	change := func(at int, b ...byte) []byte {
		msg := slices.Clone(good)
		copy(msg[at:], b)
		return msg
	}
	opt := func(version byte, n int) []byte {
		msg := change(10, 0, byte(n))
		for range n {
			msg = append(msg, 0, 0, 41, 2, 0, 0, version, 0x80, 0, 0, 0)
		}
		return msg
	}
	two := append(change(4, 0, 2), good[12:]...)
	for _, test := range []struct {
		name  string
		msg   []byte
		rcode dnsmessage.RCode
	}{
		{"two questions", two, dnsmessage.RCodeFormatError},
		{"no question", change(4, 0, 0)[:12], dnsmessage.RCodeFormatError},
		{"question cut off", good[:20], dnsmessage.RCodeFormatError},
		{"pointer to itself", append(slices.Clone(good[:12]), 0xc0, 12, 0, 1, 0, 1), dnsmessage.RCodeFormatError},
		{"an answer", change(6, 0, 1), dnsmessage.RCodeFormatError},
		{"an authority", change(8, 0, 1), dnsmessage.RCodeFormatError},
		{"additional missing", change(10, 0, 1), dnsmessage.RCodeFormatError},
		{"two OPT", opt(0, 2), dnsmessage.RCodeFormatError},
		{"an A as additional", append(change(10, 0, 1), 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4), dnsmessage.RCodeFormatError},
		{"truncated", change(2, 0x03), dnsmessage.RCodeFormatError},
		{"status query", change(2, 0x11), dnsmessage.RCodeRefused},
		{"notify", change(2, 0x21), dnsmessage.RCodeRefused},
		{"update", change(2, 0x29), dnsmessage.RCodeRefused},
		{"class CH", change(len(good)-2, 0, 3), dnsmessage.RCodeRefused},
		{"class ANY", change(len(good)-2, 0, 255), dnsmessage.RCodeRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := start(t, nil)
			m := r.ask(t, test.msg)
			if m.RCode != test.rcode || len(m.Answers) > 0 || len(m.Authorities) > 0 {
				t.Errorf("%v, want %v", short(m), test.rcode)
			}
			if v := r.lastLogged().Verdict; v != Malformed && v != Denied {
				t.Error("logged as", v)
			}
		})
	}
	t.Run("version 1 of EDNS", func(t *testing.T) {
		m := start(t, nil).ask(t, opt(1, 1))
		if m.RCode != 0 || len(m.Answers) > 0 || len(m.Additionals) != 1 || m.Additionals[0].Header.TTL != 1<<24|1<<15 {
			t.Errorf("%+v", m)
		}
	})
	t.Run("no reply", func(t *testing.T) {
		r := start(t, nil)
		for _, msg := range [][]byte{change(2, 0x81), good[:11], {}} {
			if b := overUDP(t, r.udp, msg, 50*time.Millisecond); b != nil {
				t.Errorf("%x was answered: %x", msg, b)
			}
		}
	})
}

func TestEDNS(t *testing.T) {
	r := start(t, nil)
	msg := question(t, "example.org.", dnsmessage.TypeA)
	msg[11] = 1
	// Size 65535, DO, a cookie of 8 bytes.
	msg = append(msg, 0, 0, 41, 255, 255, 0, 0, 0x80, 0, 0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8)
	m := r.ask(t, msg)
	if short(m) != "Success 198.18.1.1" || len(m.Additionals) != 1 {
		t.Fatalf("%+v", m)
	}
	h := m.Additionals[0].Header
	if h.Type != dnsmessage.TypeOPT || h.Class != maxReply || h.TTL != 1<<15 || len(m.Additionals[0].Body.(*dnsmessage.OPTResource).Options) > 0 {
		t.Errorf("%+v", m.Additionals[0])
	}
	if m := r.ask(t, question(t, "example.org.", dnsmessage.TypeA)); len(m.Additionals) != 0 {
		t.Errorf("OPT for a client that sent none: %+v", m)
	}
}

func TestCloseBeforeServe(t *testing.T) {
	s := &Server{Pool: NewPool(0)}
	s.Close()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ServePacket(c); err != nil {
		t.Error(err)
	}
	if _, err := c.WriteTo([]byte{1}, c.LocalAddr()); err == nil {
		t.Error("the socket is open")
	}
	s.Close()
}
