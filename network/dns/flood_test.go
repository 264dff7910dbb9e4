package dns

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A flood of questions, for names that exist, do not, are not known or are slow, and of
// garbage, costs little memory, and is held back to the rate that was given.
func TestFlood(t *testing.T) {
	const rate = 2000
	var answered atomic.Int64
	r := start(t, func(s *Server) {
		s.QueriesPerSecond = rate
		s.Log = func(Query) { answered.Add(1) }
		s.Exists = func(ctx context.Context, name string) (Existence, error) {
			if name[0] == 's' {
				<-ctx.Done()
				return Unclear, ctx.Err()
			}
			return Existence(1 + name[0]&1), nil
		}
	})
	before, goroutines, begun := heap(), runtime.NumGoroutine(), time.Now()
	c, err := net.Dial("udp", r.udp)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sent := 0
	for ; time.Since(begun) < 1500*time.Millisecond; sent++ {
		var msg []byte
		switch sent % 5 {
		case 0:
			msg = make([]byte, 1400)
		case 1:
			msg = question(t, fmt.Sprintf("unknown%d.example.", sent), dnsmessage.TypeA)
		case 2:
			msg = question(t, fmt.Sprintf("slow%d.wild.example.net.", sent), dnsmessage.TypeA)
		default:
			msg = question(t, fmt.Sprintf("%d.wild.example.net.", sent), dnsmessage.TypeA)
		}
		c.Write(msg)
		if sent%64 == 0 {
			time.Sleep(time.Millisecond) // leave the machine to others
		}
	}
	used, more := heap()-before, runtime.NumGoroutine()-goroutines
	most := int64(rate + rate*time.Since(begun).Seconds())
	t.Logf("%d sent, %d answered, %d KiB, %d goroutines more", sent, answered.Load(), used>>10, more)
	if n := answered.Load(); n > most || n < rate {
		t.Errorf("%d were answered, want at most %d", n, most)
	}
	if used > 8<<20 || more > maxWaiting+10 {
		t.Errorf("%d KiB, %d goroutines more", used>>10, more)
	}
	// It still serves.
	r.Pool.Addresses("example.org")
	var b []byte
	for tries := 0; b == nil && tries < 10; tries++ { // the buffer may still be full
		b = overUDP(t, r.udp, question(t, "example.org.", dnsmessage.TypeA), 500*time.Millisecond)
	}
	var m dnsmessage.Message
	if err := m.Unpack(b); err != nil || len(m.Answers) != 1 {
		t.Error(short(m), err)
	}
}
