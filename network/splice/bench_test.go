package splice

import (
	"io"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// serve runs a server for connections, and gives its address.
func serve(b testing.TB, handle func(net.Conn)) string {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go handle(c)
		}
	}()
	return l.Addr().String()
}

// relayed gives an address whose connections a pump joins with those to another.
func relayed(b testing.TB, address string) string {
	p := newPump(b, Limits{})
	return serve(b, func(c net.Conn) {
		s, err := net.Dial("tcp4", address)
		if err != nil {
			c.Close()
			return
		}
		p.Join(Pair{Client: steal(b, c.(*net.TCPConn)), Server: steal(b, s.(*net.TCPConn))})
	})
}

// cpu reports the processor time of the process for each operation: on a machine that
// does other things too, it says more than the time that passed.
func cpu(b *testing.B) func() {
	begin := used(b)
	return func() { b.ReportMetric(float64(used(b)-begin)/float64(b.N), "cpu-ns/op") }
}

func used(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkStream is one stream in writes of 128 KiB.
func BenchmarkStream(b *testing.B) {
	for _, through := range []bool{false, true} {
		name := "loopback"
		if through {
			name = "pump"
		}
		b.Run(name, func(b *testing.B) {
			var heard atomic.Int64
			done := make(chan struct{}, 1)
			address := serve(b, func(c net.Conn) {
				fd := steal(b, c.(*net.TCPConn))
				unix.SetNonblock(fd, false)
				buffer := make([]byte, 128<<10)
				for {
					n, err := unix.Read(fd, buffer)
					heard.Add(int64(max(n, 0)))
					if n <= 0 || err != nil {
						break
					}
				}
				unix.Close(fd)
				done <- struct{}{}
			})
			if through {
				address = relayed(b, address)
			}
			c, err := net.Dial("tcp4", address)
			if err != nil {
				b.Fatal(err)
			}
			buffer := make([]byte, 128<<10)
			b.SetBytes(int64(len(buffer)))
			b.ResetTimer()
			defer cpu(b)()
			for range b.N {
				if _, err := c.Write(buffer); err != nil {
					b.Fatal(err)
				}
			}
			c.(*net.TCPConn).CloseWrite()
			<-done
			b.StopTimer()
			if heard.Load() != int64(b.N*len(buffer)) {
				b.Fatalf("%d bytes of %d", heard.Load(), b.N*len(buffer))
			}
			c.Close()
		})
	}
}

// BenchmarkConnection is a connection with one request and one answer.
func BenchmarkConnection(b *testing.B) {
	for _, through := range []bool{false, true} {
		name := "loopback"
		if through {
			name = "pump"
		}
		b.Run(name, func(b *testing.B) {
			address := serve(b, func(c net.Conn) {
				buffer := make([]byte, 1024)
				c.Read(buffer)
				c.Write(buffer)
				c.Close()
			})
			if through {
				address = relayed(b, address)
			}
			request := make([]byte, 100)
			b.ResetTimer()
			defer cpu(b)()
			for range b.N {
				c, err := net.Dial("tcp4", address)
				if err != nil {
					b.Fatal(err)
				}
				c.Write(request)
				if n, err := io.Copy(io.Discard, c); n != 1024 || err != nil {
					b.Fatal(n, err)
				}
				c.Close()
			}
		})
	}
}
