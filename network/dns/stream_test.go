package dns

import (
	"context"
	"net"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func dialTCP(t *testing.T, server string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(15 * time.Second))
	return c.(*net.TCPConn)
}

// Queries that are sent at once, and in pieces, are all answered; also after the client
// said that it has no more, and out of order where one takes longer.
func TestStream(t *testing.T) {
	r := start(t, func(s *Server) {
		s.Exists = func(ctx context.Context, name string) (Existence, error) {
			time.Sleep(100 * time.Millisecond)
			return Present, nil
		}
	})
	r.Pool.Addresses("example.org")
	c := dialTCP(t, r.tcp)
	var all []byte
	for i, name := range []string{"slow.wild.example.net.", "example.org.", "other.example.", "example.org."} {
		msg := question(t, name, dnsmessage.TypeA)
		msg[1] = byte(i)
		all = append(all, streamed(msg)...)
	}
	for _, piece := range [][]byte{all[:1], all[1:30], all[30:]} {
		c.Write(piece)
		time.Sleep(10 * time.Millisecond)
	}
	c.CloseWrite()
	got := map[byte]string{}
	var last byte
	for range 4 {
		b, err := readStreamed(c)
		if err != nil {
			t.Fatal(err)
		}
		var m dnsmessage.Message
		if err := m.Unpack(b); err != nil {
			t.Fatal(err)
		}
		last = byte(m.ID)
		got[last] = short(m)
	}
	want := map[byte]string{0: "Success 198.18.1.2", 1: "Success 198.18.1.1", 2: "NameError SOA 5 5", 3: "Success 198.18.1.1"}
	for id, w := range want {
		if got[id] != w {
			t.Errorf("%d: %s, want %s", id, got[id], w)
		}
	}
	if last != 0 {
		t.Error("the slow name held up the others")
	}
	if q := r.lastLogged(); !q.Stream || q.Client.Port() != uint16(c.LocalAddr().(*net.TCPAddr).Port) {
		t.Errorf("logged %+v", q)
	}
	if _, err := readStreamed(c); err == nil {
		t.Error("there is a fifth reply")
	}
}

func TestStreamGarbage(t *testing.T) {
	r := start(t, nil)
	for _, msg := range [][]byte{{0, 0}, {0, 11}, {0xff, 0xff}, {0x16, 0x03, 0x01, 2, 0, 1}} {
		c := dialTCP(t, r.tcp)
		c.Write(msg)
		if b, err := readStreamed(c); err == nil {
			t.Errorf("%x was answered: %x", msg, b)
		}
	}
}

// More connections than there is room for are closed, and room comes back.
func TestStreamsAreBounded(t *testing.T) {
	r := start(t, nil)
	works := func() (*net.TCPConn, bool) {
		c := dialTCP(t, r.tcp)
		c.Write(streamed(question(t, "example.org.", dnsmessage.TypeA)))
		_, err := readStreamed(c)
		return c, err == nil
	}
	var conns []*net.TCPConn
	for i := range maxStreams {
		c, ok := works()
		if !ok {
			t.Fatal("connection", i, "is not answered")
		}
		conns = append(conns, c)
	}
	if _, ok := works(); ok {
		t.Error("there is no limit")
	}
	conns[0].Close()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, ok := works(); ok {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no room came back")
		}
	}
}

// A connection is closed when no whole query comes in, however the bytes trickle.
func TestSlowStream(t *testing.T) {
	r := start(t, func(s *Server) { s.idle = 300 * time.Millisecond })
	for _, trickle := range []bool{false, true} {
		c := dialTCP(t, r.tcp)
		begun := time.Now()
		c.Write([]byte{0, 100})
		if trickle {
			go func() {
				for range 100 {
					if _, err := c.Write([]byte{1}); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
		}
		if _, err := readStreamed(c); err == nil {
			t.Error("it was answered")
		}
		if d := time.Since(begun); d < 200*time.Millisecond || d > 1500*time.Millisecond {
			t.Errorf("closed after %v", d)
		}
	}
}

// A client that sends and never reads is closed, and takes no memory meanwhile. With its
// buffer full it may take in no acknowledgement either; then what it sends stops coming.
func TestNeverReads(t *testing.T) {
	r := start(t, func(s *Server) {
		s.Log, s.writing, s.idle = nil, 200*time.Millisecond, 500*time.Millisecond
	})
	c := dialTCP(t, r.tcp)
	c.SetReadBuffer(4096)
	var many []byte
	for range 1000 {
		many = append(many, streamed(question(t, "example.org.", dnsmessage.TypeA))...)
	}
	before, begun := heap(), time.Now()
	for {
		if _, err := c.Write(many); err != nil {
			break
		}
	}
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("closed after %v", d)
	}
	if used := heap() - before; used > 1<<20 {
		t.Errorf("%d KiB", used>>10)
	}
}
