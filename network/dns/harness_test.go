package dns

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// running is a Server that answers on loopback, for example.org and all below
// wild.example.net.
type running struct {
	*Server
	udp, tcp string

	mu      sync.Mutex
	logged  []Query
	unknown []string // names that Exists or Forward was asked for without being known
}

func known(name string) bool {
	return name == "example.org" || name == "host" || strings.HasSuffix(name, ".wild.example.net")
}

func start(t testing.TB, change func(*Server)) *running {
	t.Helper()
	r := &running{Server: &Server{Pool: NewPool(0), Known: known, QueriesPerSecond: 1 << 20}}
	r.Log = func(q Query) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.logged = append(r.logged, q)
	}
	if change != nil {
		change(r.Server)
	}
	if exists := r.Exists; exists != nil {
		r.Exists = func(ctx context.Context, name string) (Existence, error) {
			r.asked(name)
			return exists(ctx, name)
		}
	}
	if forward := r.Forward; forward != nil {
		r.Forward = func(ctx context.Context, query []byte) ([]byte, error) {
			q, ok := onlyQuestion(query)
			if !ok {
				t.Errorf("Forward got a message without a question: %x", query)
			}
			r.asked(strings.TrimSuffix(q.Name.String(), "."))
			return forward(ctx, query)
		}
	}
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.start()
	r.udp, r.tcp = c.LocalAddr().String(), l.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.ServePacket(c); err != nil {
			t.Error("ServePacket:", err)
		}
	})
	wg.Go(func() {
		if err := r.ServeStream(l); err != nil {
			t.Error("ServeStream:", err)
		}
	})
	t.Cleanup(func() {
		r.Close()
		wg.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.unknown) > 0 {
			t.Errorf("asked outside for names that are not known: %q", r.unknown)
		}
	})
	return r
}

func (r *running) asked(name string) {
	if !r.Known(name) && !strings.HasSuffix(name, ".arpa") {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.unknown = append(r.unknown, name)
	}
}

func (r *running) lastLogged() Query {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.logged) == 0 {
		return Query{}
	}
	return r.logged[len(r.logged)-1]
}

func question(t testing.TB, name string, typ dnsmessage.Type) []byte {
	t.Helper()
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 4711, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: typ, Class: dnsmessage.ClassINET}},
	}
	return pack(t, m)
}

func pack(t testing.TB, m dnsmessage.Message) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// overUDP sends a message and returns the reply, or nil if there is none in a while.
func overUDP(t testing.TB, server string, msg []byte, wait time.Duration) []byte {
	t.Helper()
	c, err := net.Dial("udp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(msg); err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(wait))
	b := make([]byte, 65536)
	n, err := c.Read(b)
	if err != nil {
		return nil
	}
	return b[:n]
}

func readStreamed(c net.Conn) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return nil, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(c, msg)
	return msg, err
}

func streamed(msg []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)
}

func (r *running) ask(t testing.TB, msg []byte) dnsmessage.Message {
	t.Helper()
	b := overUDP(t, r.udp, msg, 5*time.Second)
	if b == nil {
		t.Fatal("no reply")
	}
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil {
		t.Fatalf("reply %x: %v", b, err)
	}
	if m.ID != binary.BigEndian.Uint16(msg) || !m.Response {
		t.Fatalf("not the reply: %+v", m.Header)
	}
	return m
}

// short is a reply in few words.
func short(m dnsmessage.Message) string {
	var b strings.Builder
	b.WriteString(strings.TrimPrefix(m.RCode.String(), "RCode"))
	for _, a := range m.Answers {
		switch body := a.Body.(type) {
		case *dnsmessage.AResource:
			fmt.Fprint(&b, " ", netip.AddrFrom4(body.A))
		case *dnsmessage.AAAAResource:
			fmt.Fprint(&b, " ", netip.AddrFrom16(body.AAAA))
		case *dnsmessage.PTRResource:
			fmt.Fprint(&b, " ", body.PTR)
		case *dnsmessage.UnknownResource:
			fmt.Fprintf(&b, " %s %q", TypeName(body.Type), body.Data)
		default:
			fmt.Fprintf(&b, " %T", body)
		}
	}
	for _, a := range m.Authorities {
		if s, ok := a.Body.(*dnsmessage.SOAResource); ok {
			fmt.Fprintf(&b, " SOA %d %d", a.Header.TTL, s.MinTTL)
		}
	}
	return b.String()
}
