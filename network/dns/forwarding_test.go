package dns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// outside is a reply of a resolver outside to any question.
func outside(t *testing.T, answers ...dnsmessage.Resource) func(context.Context, []byte) ([]byte, error) {
	return func(_ context.Context, query []byte) ([]byte, error) {
		q, _ := onlyQuestion(query)
		m := dnsmessage.Message{
			Header:    dnsmessage.Header{Response: true, Authoritative: true, AuthenticData: true},
			Questions: []dnsmessage.Question{q},
		}
		for _, a := range answers {
			if a.Header.Name.Length == 0 {
				a.Header.Name = q.Name
			}
			if a.Header.Class == 0 {
				a.Header.Class = dnsmessage.ClassINET
			}
			a.Header.TTL = 86400
			m.Answers = append(m.Answers, a)
		}
		return pack(t, m), nil
	}
}

func rcode(c dnsmessage.RCode) func(context.Context, []byte) ([]byte, error) {
	return func(_ context.Context, query []byte) ([]byte, error) {
		msg := append([]byte(nil), query...)
		msg[2], msg[3] = 0x81, 0x80|byte(c)
		msg[11] = 0
		return msg, nil
	}
}

func TestForward(t *testing.T) {
	name := dnsmessage.MustNewName
	https := func(b dnsmessage.SVCBResource) dnsmessage.Resource {
		if b.Target.Length == 0 {
			b.Target = name(".")
		}
		return dnsmessage.Resource{Body: &dnsmessage.HTTPSResource{SVCBResource: b}}
	}
	all := []dnsmessage.SVCParam{
		{Key: dnsmessage.SVCParamALPN, Value: []byte("\x02h2")}, {Key: dnsmessage.SVCParamPort, Value: []byte{1, 187}},
		{Key: dnsmessage.SVCParamIPv4Hint, Value: []byte{192, 0, 2, 1}}, {Key: dnsmessage.SVCParamECH, Value: []byte("secret")},
		{Key: dnsmessage.SVCParamIPv6Hint, Value: make([]byte, 16)}, {Key: 4242, Value: []byte("secret")},
	}
	mandatory := func(key byte) []dnsmessage.SVCParam {
		return append([]dnsmessage.SVCParam{{Key: dnsmessage.SVCParamMandatory, Value: []byte{0, 1, 0, key}}}, all...)
	}
	txt := dnsmessage.Resource{Body: &dnsmessage.TXTResource{TXT: []string{"text"}}}
	elsewhere := txt
	elsewhere.Header.Name = name("alias.example.")
	alias := dnsmessage.Resource{Body: &dnsmessage.CNAMEResource{CNAME: name("alias.example.")}}
	none := "Success SOA 5 5"
	kept := `1 .` + ` {ALPN "\x02h2"} {Port "\x01\xbb"}`

	for _, test := range []struct {
		what    string
		typ     dnsmessage.Type
		forward func(context.Context, []byte) ([]byte, error)
		want    string
	}{
		{"TXT", dnsmessage.TypeTXT, outside(t, txt), `Success "text"`},
		{"TXT behind an alias", dnsmessage.TypeTXT, outside(t, alias, elsewhere), `Success "text"`},
		{"an alias alone", dnsmessage.TypeTXT, outside(t, alias), none},
		{"addresses where there should be none", dnsmessage.TypeTXT, outside(t, dnsmessage.Resource{Body: &dnsmessage.AResource{}}), none},
		{"none", dnsmessage.TypeTXT, outside(t), none},
		{"no such name", dnsmessage.TypeTXT, rcode(3), "NameError SOA 5 5"},
		{"refused", dnsmessage.TypeTXT, rcode(5), "ServerFailure"},
		{"an error", dnsmessage.TypeTXT, func(context.Context, []byte) ([]byte, error) { return nil, errors.New("no") }, "ServerFailure"},
		{"cut off", dnsmessage.TypeTXT, func(ctx context.Context, query []byte) ([]byte, error) {
			msg, err := outside(t, txt)(ctx, query)
			msg[2] |= 2
			return msg, err
		}, "ServerFailure"},
		{"garbage", dnsmessage.TypeTXT, func(context.Context, []byte) ([]byte, error) { return []byte("garbage"), nil }, "ServerFailure"},
		{"garbage for HTTPS", dnsmessage.TypeHTTPS, func(context.Context, []byte) ([]byte, error) { return []byte("garbage"), nil }, none},
		{"an error for HTTPS", dnsmessage.TypeHTTPS, rcode(2), none},
		{"HTTPS", dnsmessage.TypeHTTPS, outside(t, https(dnsmessage.SVCBResource{Priority: 1, Params: all})), "Success " + kept},
		{"HTTPS with its own name", dnsmessage.TypeHTTPS, outside(t, https(dnsmessage.SVCBResource{Priority: 1, Target: name("Example.ORG."), Params: all})), "Success " + kept},
		{"HTTPS with another name", dnsmessage.TypeHTTPS, outside(t, https(dnsmessage.SVCBResource{Priority: 1, Target: name("cdn.example."), Params: all})), none},
		{"HTTPS as alias", dnsmessage.TypeHTTPS, outside(t, https(dnsmessage.SVCBResource{Priority: 0, Target: name("cdn.example.")})), none},
		{"HTTPS, ECH mandatory", dnsmessage.TypeHTTPS, outside(t, https(dnsmessage.SVCBResource{Priority: 1, Params: mandatory(5)})), none},
		{"HTTPS, port mandatory", dnsmessage.TypeHTTPS, outside(t, https(dnsmessage.SVCBResource{Priority: 1, Params: mandatory(3)})), `Success 1 . {Mandatory "\x00\x01\x00\x03"} {ALPN "\x02h2"} {Port "\x01\xbb"}`},
		{"AXFR", dnsmessage.TypeAXFR, outside(t, txt), "Refused"},
		{"a type that is not known", 4242, outside(t, txt), "Refused"},
		{"an address", dnsmessage.TypeA, outside(t, dnsmessage.Resource{Body: &dnsmessage.AResource{}}), "Success 198.18.1.1"},
	} {
		t.Run(test.what, func(t *testing.T) {
			m := start(t, func(s *Server) { s.Forward = test.forward }).ask(t, question(t, "eXample.org.", test.typ))
			got := short(m)
			for _, a := range m.Answers {
				if a.Header.Name.String() != "eXample.org." || a.Header.TTL > ttl {
					t.Errorf("header %+v", a.Header)
				}
				if b, ok := a.Body.(*dnsmessage.HTTPSResource); ok {
					got = fmt.Sprint("Success ", b.Priority, " ", b.Target)
					for _, p := range b.Params {
						got += fmt.Sprintf(" {%s %q}", strings.TrimPrefix(p.Key.String(), "SVCParam"), p.Value)
					}
				}
				if b, ok := a.Body.(*dnsmessage.TXTResource); ok {
					got = fmt.Sprintf("Success %q", b.TXT[0])
				}
			}
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if m.AuthenticData || m.Authoritative {
				t.Errorf("header %+v", m.Header)
			}
		})
	}
}

// What the host's resolvers get is written anew, and only for names that are known and
// not the caller's own addresses.
func TestForwardGets(t *testing.T) {
	var got atomic.Pointer[[]byte]
	r := start(t, func(s *Server) {
		s.Given = func(name string) bool { return name == "host" }
		s.Exists = func(context.Context, string) (Existence, error) { return Absent, nil }
		s.Forward = func(_ context.Context, query []byte) ([]byte, error) {
			got.Store(&query)
			return nil, errors.New("no")
		}
	})
	msg := question(t, "eXAMPLE.org.", dnsmessage.TypeTXT)
	msg[11] = 1
	msg = append(msg, 0, 0, 41, 255, 255, 0, 0, 0x80, 0, 0, 12, 0, 10, 0, 8, 's', 'e', 'c', 'r', 'e', 't', '!', '!')
	r.ask(t, msg)
	want := question(t, "example.org.", dnsmessage.TypeTXT)
	want[0], want[1], want[11] = 0, 0, 1
	want = append(want, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0)
	if got := got.Load(); got == nil || !bytes.Equal(*got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	for name, forwarded := range map[string]bool{
		"1.1.1.1.in-addr.arpa.": true, "1.0.0.10.in-addr.arpa.": false, "1.1.168.192.in-addr.arpa.": false,
		"254.169.254.169.in-addr.arpa.": false, "1.1.64.100.in-addr.arpa.": false, "5.1.18.198.in-addr.arpa.": false,
		"1.0.0.127.in-addr.arpa.": false, "1.0.0.224.in-addr.arpa.": false, "1.0.0.0.in-addr.arpa.": false,
		"1." + strings.Repeat("0.", 27) + "0.0.d.f.ip6.arpa.": false, "1." + strings.Repeat("0.", 27) + "0.8.e.f.ip6.arpa.": false,
		"1." + strings.Repeat("0.", 27) + "1.0.0.2.ip6.arpa.": true, "1." + strings.Repeat("0.", 27) + "2.0.0.2.ip6.arpa.": true,
		"other.example.": false, "_dns.resolver.arpa.": false, "host.": false,
	} {
		got.Store(nil)
		r.ask(t, question(t, name, dnsmessage.TypePTR))
		if got := got.Load() != nil; got != forwarded {
			t.Errorf("%s: forwarded is %v", name, got)
		}
	}
}

// What does not fit into a packet says so, and comes over TCP.
func TestTruncation(t *testing.T) {
	var big []dnsmessage.Resource
	for range 20 {
		big = append(big, dnsmessage.Resource{Body: &dnsmessage.TXTResource{TXT: []string{strings.Repeat("x", 100)}}})
	}
	for _, test := range []struct {
		records int
		edns    []byte
		fits    bool
	}{
		{3, nil, true}, {5, nil, false}, {5, []byte{0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0}, true},
		{5, []byte{0, 0, 41, 0, 0, 0, 0, 0, 0, 0, 0}, false}, {20, []byte{0, 0, 41, 255, 255, 0, 0, 0, 0, 0, 0}, false},
	} {
		r := start(t, func(s *Server) { s.Forward = outside(t, big[:test.records]...) })
		msg := question(t, "example.org.", dnsmessage.TypeTXT)
		if test.edns != nil {
			msg = append(msg, test.edns...)
			msg[11] = 1
		}
		m := r.ask(t, msg)
		if m.Truncated == test.fits || test.fits && len(m.Answers) != test.records || !test.fits && len(m.Answers) != 0 {
			t.Errorf("%d records: truncated %v, %d answers", test.records, m.Truncated, len(m.Answers))
		}
		c := dialTCP(t, r.tcp)
		c.Write(streamed(msg))
		b, err := readStreamed(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Unpack(b); err != nil || m.Truncated || len(m.Answers) != test.records {
			t.Errorf("over TCP: %v, %d answers", err, len(m.Answers))
		}
	}
}

// fakeServer answers by a function, over UDP, and over TCP on the same port.
func fakeServer(t *testing.T, answer func(network string, query []byte) [][]byte) net.Addr {
	t.Helper()
	var c net.PacketConn
	var l net.Listener
	for tries := 0; l == nil; tries++ {
		var err error
		if c, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if l, err = net.Listen("tcp", c.LocalAddr().String()); err != nil { // the port may be somebody's
			c.Close()
			if tries == 20 {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() { c.Close(); l.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			for _, msg := range answer("udp", b[:n]) {
				c.WriteTo(msg, from)
			}
		}
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(5 * time.Second))
			if query, err := readStreamed(c); err == nil {
				for _, msg := range answer("tcp", query) {
					c.Write(streamed(msg))
				}
			}
			c.Close()
		}
	}()
	return c.LocalAddr()
}
