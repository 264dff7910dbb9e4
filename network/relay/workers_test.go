package relay

import (
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usandbox/usandbox/network"
)

// A server that does not answer keeps nobody waiting who wants another one.
func TestDeadServer(t *testing.T) {
	l := echo(t, "127.0.0.1:0")
	hole := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), l.port())
	blackHole(t, hole)
	b := start(t, network.Policy{Mode: network.Named, Allow: allow(t, named("dead.test", l.port()), named("a.test", l.port())),
		Hosts: append(local("a.test"), network.HostAddress{Name: "dead.test", Addr: hole.Addr()})},
		func(o *Options) { o.Limits.Dials = 8 })
	for range 40 {
		b.dial(b.addr("dead.test", l.port()))
	}
	eventually(t, "the dials", func() bool { return len(b.relay.slots.c) == 40 })
	for range 20 {
		began := time.Now()
		c := b.dial(b.addr("a.test", l.port()))
		exchange(t, c, "\x01hello")
		c.Close()
		if d := time.Since(began); d > time.Second {
			t.Fatalf("took %s", d)
		}
	}
	if sum := b.close(); sum.Failed != 40 || sum.Allowed != 20 {
		t.Errorf("%+v", sum)
	}
}

// Whatever comes and goes, each job runs once, those of one goal in order, and never
// more than there may.
func TestWorkers(t *testing.T) {
	testWorkers(t, 7, 3)
	testWorkers(t, 4, 1)
}

func testWorkers(t *testing.T, most, share int32) {
	const jobs, ports = 5000, 5
	w := newWorkers(int(most), int(share))
	var all, ran atomic.Int32
	var each, last [ports]atomic.Int32
	for i := range int32(jobs) {
		port := rand.IntN(ports)
		w.add(goal{port: uint16(port)}, func() {
			if n, m := all.Add(1), each[port].Add(1); n > most || m > share {
				t.Errorf("%d at once, %d to one goal", n, m)
			}
			if before := last[port].Swap(i); share == 1 && before > i {
				t.Errorf("%d after %d", i, before)
			}
			time.Sleep(time.Duration(rand.IntN(20)) * time.Microsecond)
			ran.Add(1)
			each[port].Add(-1)
			all.Add(-1)
		})
		if i%100 == 0 {
			time.Sleep(time.Duration(rand.IntN(500)) * time.Microsecond)
		}
	}
	w.close()
	if ran.Load() != jobs || len(w.lines) != 0 || len(w.turns) != 0 || w.running != 0 {
		t.Errorf("%d jobs ran; %d lines, %d turns, %d run", ran.Load(), len(w.lines), len(w.turns), w.running)
	}
	w.add(goal{}, func() { ran.Add(1) })
	if ran.Load() != jobs+1 {
		t.Error("what comes late does not run")
	}
}
