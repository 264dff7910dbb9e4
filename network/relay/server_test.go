package relay

import (
	"net"
	"sync/atomic"
	"testing"
)

// server counts what it gets: connections, and bytes.
type server struct {
	net.Listener
	conns atomic.Int64
	bytes *atomic.Int64
}

func serve(t testing.TB, address string, f func(c *net.TCPConn)) *server {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Add(1)
			go func() {
				defer c.Close()
				f(c.(*net.TCPConn))
			}()
		}
	}()
	return s
}

// echo sends back what it gets, and counts it.
func echo(t testing.TB, address string) *server {
	got := new(atomic.Int64)
	s := serve(t, address, func(c *net.TCPConn) {
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			got.Add(int64(n))
			if err != nil {
				return
			}
			c.Write(b[:n])
		}
	})
	s.bytes = got
	return s
}

func (s *server) port() uint16 { return s.Addr().(*net.TCPAddr).AddrPort().Port() }
