package sniff

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"net"
	"strings"
	"testing"
)

// realHello is what crypto/tls sends for a server name.
func realHello(t testing.TB, name string) []byte {
	t.Helper()
	a, b := net.Pipe()
	go func() {
		tls.Client(a, &tls.Config{ServerName: name, InsecureSkipVerify: true}).Handshake()
		a.Close()
	}()
	defer b.Close()
	head := make([]byte, Max)
	n, err := b.Read(head)
	if err != nil {
		t.Fatal(err)
	}
	for n < 5+int(binary.BigEndian.Uint16(head[3:])) {
		m, err := b.Read(head[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	return head[:n]
}

// vec is a vector whose length is a number of n bytes.
func vec(n int, b ...[]byte) []byte {
	all := bytes.Join(b, nil)
	size := make([]byte, 8)
	binary.BigEndian.PutUint64(size, uint64(len(all)))
	return append(size[8-n:], all...)
}

func extension(kind uint16, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, kind), vec(2, data)...)
}

func sni(names ...string) []byte {
	var list []byte
	for _, n := range names {
		list = append(list, append([]byte{0}, vec(2, []byte(n))...)...)
	}
	return extension(0, vec(2, list))
}

// message is a ClientHello with these extensions; nil: without the field.
func message(extensions ...[]byte) []byte {
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, vec(1, make([]byte, 32))...)
	body = append(body, vec(2, []byte{0x0a, 0x0a, 0x13, 0x01})...) // with GREASE
	body = append(body, vec(1, []byte{0})...)
	if extensions != nil {
		body = append(body, vec(2, extensions...)...)
	}
	return append([]byte{1}, vec(3, body)...)
}

// records cuts a message into records of n bytes.
func records(message []byte, n int) []byte {
	var head []byte
	for len(message) > 0 {
		k := min(n, len(message))
		head = append(head, 22, 3, 1)
		head = append(head, vec(2, message[:k])...)
		message = message[k:]
	}
	return head
}

func TestClientHello(t *testing.T) {
	grease := extension(0x1a1a, nil)
	ech := extension(0xfe0d, bytes.Repeat([]byte{1}, 200))
	swap := func(b []byte, at int, v byte) []byte { b = bytes.Clone(b); b[at] = v; return b }
	plain := records(message(sni("example.org")), 1<<14)
	for _, test := range []struct {
		what string
		head []byte
		kind Kind
		name string
	}{
		{"crypto/tls", realHello(t, "example.org"), TLS, "example.org"},
		{"crypto/tls, no name", realHello(t, ""), TLS, ""},
		{"capitals and final dot", records(message(sni("WWW.Example.ORG.")), 999), TLS, "www.example.org"},
		{"GREASE and ECH: the outer name", records(message(grease, ech, sni("outer.example"), grease), 1<<14), TLS, "outer.example"},
		{"one byte a record", records(message(grease, sni("example.org")), 1), TLS, "example.org"},
		{"many records", records(message(grease, ech, sni("example.org")), 17), TLS, "example.org"},
		{"no extensions", records(message(), 99), TLS, ""},
		{"empty extensions", records(message([][]byte{}...), 99), TLS, ""},
		{"odd record version", swap(plain, 2, 0x7f), TLS, "example.org"},
		{"early data after it", append(bytes.Clone(plain), 23, 3, 3, 0, 1, 0), TLS, "example.org"},
		{"two names", records(message(sni("a.example", "b.example")), 999), Bad, ""},
		{"two extensions", records(message(sni("a.example"), sni("a.example")), 999), Bad, ""},
		{"empty list", records(message(extension(0, vec(2))), 999), Bad, ""},
		{"empty extension", records(message(extension(0, nil)), 999), Bad, ""},
		{"empty name", records(message(sni("")), 999), Bad, ""},
		{"another type of name", records(message(extension(0, vec(2, []byte{1}, vec(2, []byte("a"))))), 999), Bad, ""},
		{"NUL in the name", records(message(sni("a.example\x00.b")), 999), Bad, ""},
		{"bytes after the list", records(message(extension(0, append(vec(2, []byte{0}, vec(2, []byte("a"))), 0))), 999), Bad, ""},
		{"bytes after the extensions", records(append([]byte{1}, vec(3, message(sni("a"))[4:], []byte{0})...), 999), Bad, ""},
		{"an address", records(message(sni("::1")), 999), Bad, ""},
		{"empty record", []byte{22, 3, 1, 0, 0}, Bad, ""},
		{"record too long", []byte{22, 3, 1, 0x40, 1}, Bad, ""},
		{"message too long", []byte{22, 3, 1, 0, 4, 1, 1, 0, 0}, Bad, ""},
		{"another message", []byte{22, 3, 1, 0, 4, 2, 0, 0, 0}, Bad, ""},
		{"another record within", append(records(message(sni("a"))[:9], 99), 23, 3, 3, 0, 1, 0), Bad, ""},
		{"another version within", append(records(message(sni("a"))[:9], 99), 22, 4), Bad, ""},
		{"empty hello", []byte{22, 3, 1, 0, 4, 1, 0, 0, 0}, Bad, ""},
		{"old version", swap(plain, 1, 0), Bad, ""},
		{"version to come", swap(plain, 1, 15), Bad, ""},
		{"an alert before it", append([]byte{21, 3, 1, 0, 2, 1, 90}, plain...), Bad, ""},
		{"an alert of another version before it", append([]byte{21, 0, 0, 0, 2, 1, 90}, plain...), Bad, ""},
		{"no version of TLS", []byte{22, 16}, None, ""},
		{"no TLS after all", []byte{22, 0, 0, 1, 0x85, 0xa2}, None, ""}, // MySQL
		{"no alert after all", []byte{21, 0, 0, 1, 0x85, 0xa2}, None, ""},
		{"SSL 2.0", []byte{0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10}, None, ""},
	} {
		r := Name(test.head, false)
		if r.Kind != test.kind || r.Name != test.name {
			t.Errorf("%s: kind %d, name %q (%s); want %d, %q", test.what, r.Kind, r.Name, r.Reason, test.kind, test.name)
		}
		checkSplits(t, test.head)
	}
}

// What a server of crypto/tls takes for a ClientHello is never taken for something else,
// and the server name that it sees is the one that is checked.
func TestServer(t *testing.T) {
	plain := realHello(t, "other.example")
	version := func(major, minor byte) []byte {
		b := bytes.Clone(plain)
		b[1], b[2] = major, minor
		return b
	}
	alert := []byte{21, 3, 1, 0, 2, 1, 90} // user_canceled, a warning
	for what, head := range map[string][]byte{
		"plain": plain, "0.0": version(0, 0), "2.0": version(2, 0), "15.255": version(15, 255), "in pieces": records(plain[5:], 100),
		"alert": append(bytes.Clone(alert), plain...), "alerts": append(bytes.Repeat(alert, 9), version(1, 1)...),
	} {
		a, b := net.Pipe()
		seen := make(chan string, 1)
		go func() {
			defer close(seen)
			defer a.Close()
			tls.Server(a, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				seen <- h.ServerName
				return nil, net.ErrClosed
			}}).Handshake()
		}()
		go func() {
			b.Write(head)
			b.Close()
		}()
		if name := <-seen; name != "other.example" {
			t.Errorf("%s: the server sees %q", what, name)
		}
		if d, _ := Check(head, false, "example.org", 443); d != Refuse {
			t.Errorf("%s: %d", what, d)
		}
	}
}

// A client that stops within a head has said nothing that can be checked.
func TestEnded(t *testing.T) {
	hello := records(message(sni("example.org")), 100)
	for _, head := range []string{string(hello[:len(hello)-1]), "\x16", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.0", "GET /"} {
		if r := Name([]byte(head), true); r.Kind != Bad {
			t.Errorf("%q, and no more: %+v", head, r)
		}
	}
	for _, head := range []string{"", "\r\n", "PING", "GE", "EHLO a"} {
		if r := Name([]byte(head), true); r.Kind != None {
			t.Errorf("%q, and no more: %+v", head, r)
		}
	}
}

func TestTooLong(t *testing.T) {
	long := "GET / HTTP/1.1\r\nA: " + strings.Repeat("a", 2*Max)
	for _, ended := range []bool{false, true} {
		if r := Name([]byte(long), ended); r.Kind != Bad {
			t.Errorf("%+v", r)
		}
	}
	checkSplits(t, []byte(long[:Max+10]))
}

// checkSplits sees that a result stays when more bytes come.
func checkSplits(t *testing.T, head []byte) {
	t.Helper()
	whole := Name(head, false)
	step := 1 + len(head)/4096
	for i := 0; i <= len(head); i += step {
		if r := Name(head[:i], false); r.Kind != Partial && r != whole {
			t.Fatalf("%q: %+v after %d bytes, %+v at the end", head, r, i, whole)
		}
	}
	if r := Name(head, true); r.Kind == Partial || whole.Kind != Partial && r != whole {
		t.Fatalf("%q: %+v at the end, %+v before", head, r, whole)
	}
}

func FuzzName(f *testing.F) {
	f.Add(realHello(f, "example.org"), 100)
	f.Add(records(message(sni("example.org")), 7), 9)
	for _, test := range requests {
		f.Add([]byte(test.head), 5)
	}
	f.Fuzz(func(t *testing.T, head []byte, at int) {
		whole := Name(head, false)
		if whole.Kind == TLS && whole.Name != "" || whole.Kind == HTTP {
			if n, _, ok := authority([]byte(whole.Name)); (!ok || n != whole.Name) && !strings.Contains(whole.Name, ":") {
				t.Fatalf("name %q", whole.Name)
			}
		}
		if at >= 0 && at < len(head) {
			if r := Name(head[:at], false); r.Kind != Partial && r != whole {
				t.Fatalf("%+v after %d bytes, %+v at the end", r, at, whole)
			}
		}
		if len(head) < 1000 {
			checkSplits(t, head)
		}
	})
}
