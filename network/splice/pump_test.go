package splice

import (
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newPump makes a pump that ends with the test, and then has nothing left.
func newPump(t testing.TB, l Limits) *Pump {
	t.Helper()
	p, err := New(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		if s := p.Stats(); s != (Stats{}) {
			t.Errorf("left after Close: %+v", s)
		}
	})
	return p
}

// connect makes a connection over loopback: a Go one, and a descriptor for a pump.
func connect(t testing.TB, network string) (*net.TCPConn, int) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "tcp6" {
		address = "[::1]:0"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return far.(*net.TCPConn), steal(t, near.(*net.TCPConn))
}

// steal takes the descriptor of a connection.
func steal(t testing.TB, c *net.TCPConn) int {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	fd := -1
	raw.Control(func(n uintptr) { fd, err = unix.FcntlInt(n, unix.F_DUPFD_CLOEXEC, 0) })
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	return fd
}

// joined is a pair whose far ends the test has.
type joined struct {
	client, server *net.TCPConn
	done           chan Totals
}

func join(t testing.TB, p *Pump, network string, pair Pair) joined {
	t.Helper()
	j := joined{done: make(chan Totals, 2)}
	j.client, pair.Client = connect(t, network)
	j.server, pair.Server = connect(t, network)
	pair.Done = func(t Totals) { j.done <- t }
	if err := p.Join(pair); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.client.Close(); j.server.Close() })
	return j
}

// totals waits for the end, which must come once.
func (j joined) totals(t testing.TB) Totals {
	t.Helper()
	select {
	case totals := <-j.done:
		return totals
	case <-time.After(20 * time.Second):
		t.Fatal("the pair does not end")
	}
	panic("unreachable")
}

// pipes counts the pipes of this process (each has two descriptors) but for those of
// the test itself.
func pipes(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if target, _ := os.Readlink("/proc/self/fd/" + e.Name()); len(target) > 5 && target[:5] == "pipe:" {
			n++
		}
	}
	return n
}
