package dns

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Whatever a client sends, and a resolver outside replies: nothing panics, a reply is one,
// can be read, is no bigger than the client can take, and says something of a name
// only if that is known. Nothing is asked outside for other names.
func FuzzServe(f *testing.F) {
	for _, name := range []string{"example.org.", "other.example.", "1.1.18.198.in-addr.arpa.", "localhost.", "."} {
		for _, typ := range []dnsmessage.Type{1, 28, 65, 255, 16, 12, 252} {
			query := question(f, name, typ)
			f.Add(query, question(f, name, typ), true)
			edns := append([]byte(nil), query...)
			edns[11] = 1
			f.Add(append(edns, 0, 0, 41, 2, 0, 0, 0, 0x80, 0, 0, 0), []byte{}, false)
		}
	}
	f.Add(append(question(f, "example.org.", 16)[:12], 0xc0, 12, 0, 1, 0, 1), []byte("x"), true)
	f.Fuzz(func(t *testing.T, query, upstream []byte, stream bool) {
		check := func(name string) {
			if !known(name) && !strings.HasSuffix(name, ".arpa") {
				t.Errorf("asked outside for %q", name)
			}
		}
		var logged *Query
		s := &Server{
			Pool: NewPool(3), Known: known, Log: func(q Query) { logged = &q },
			Exists: func(_ context.Context, name string) (Existence, error) {
				check(name)
				return Existence(len(upstream) % 3), nil
			},
		}
		s.Pool.Addresses("example.org")
		if len(upstream) > 0 {
			s.Forward = func(_ context.Context, query []byte) ([]byte, error) {
				q, _ := onlyQuestion(query)
				check(strings.TrimSuffix(q.Name.String(), "."))
				return upstream, nil
			}
		}
		s.start()
		defer s.Close()
		var out []byte
		var pending sync.WaitGroup
		s.serve(query, client{
			addr: &net.UDPAddr{}, stream: stream, pending: &pending, buf: make([]byte, 0, maxReply),
			send: func(msg []byte) { out = msg },
		})
		pending.Wait()
		if (out == nil) != (logged == nil) {
			t.Fatalf("reply %x, logged %+v", out, logged)
		}
		if out == nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(out); err != nil {
			t.Fatalf("reply %x: %v", out, err)
		}
		if !m.Response || out[0] != query[0] || out[1] != query[1] {
			t.Fatalf("not the reply: %x", out)
		}
		if !stream && len(out) > maxReply || len(out) > minReply && !stream && len(m.Additionals) == 0 {
			t.Fatalf("%d bytes", len(out))
		}
		if len(m.Answers) == 0 {
			return
		}
		name := strings.ToLower(strings.TrimSuffix(m.Questions[0].Name.String(), "."))
		_, isAddress := reverse(name)
		if !known(name) && !isAddress && !isLocalhost(name) {
			t.Fatalf("%q is answered: %+v", name, m)
		}
		for _, a := range m.Answers {
			if svcb, ok := a.Body.(*dnsmessage.HTTPSResource); ok {
				if _, ok := svcb.GetParam(dnsmessage.SVCParamECH); ok {
					t.Fatal("a key of ECH got through")
				}
			}
		}
	})
}

func FuzzUpstreamReply(f *testing.F) {
	query := question(f, "example.org.", 16)
	f.Add(query)
	f.Fuzz(func(t *testing.T, msg []byte) {
		if answers(query, msg) {
			if msg[0] != query[0] || msg[1] != query[1] || msg[2]&0x80 == 0 {
				t.Errorf("%x", msg)
			}
		}
		nameservers(strings.NewReader(string(msg)))
	})
}
