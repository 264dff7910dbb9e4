package splice

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listening is a listening socket of IPv4, and its port.
func listening(t *testing.T) (fd, port int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 16); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fd, sa.(*unix.SockaddrInet4).Port
}

// A watch calls its function for what waits already and for what comes, and not while it is
// paused.
func TestWatch(t *testing.T) {
	fd, port := listening(t)
	p := newPump(t, Limits{})
	accepted := make(chan int, 4)
	var w *Watch
	w = p.Watch(fd, func() {
		n, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != nil {
			t.Errorf("called for nothing: %v", err)
			return
		}
		accepted <- n
		w.Pause()
	})
	for range 2 {
		c, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	quiet := func() {
		t.Helper()
		select {
		case <-accepted:
			t.Fatal("called though it is paused")
		case <-time.After(50 * time.Millisecond):
		}
	}
	quiet() // it begins with Resume
	for range 2 {
		if err := w.Resume(); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-accepted:
			unix.Close(n)
		case <-time.After(5 * time.Second):
			t.Fatal("not called")
		}
		quiet()
	}
	p.Close()
	if err := w.Resume(); err != nil {
		t.Errorf("of a pump that is closed: %v", err)
	}
}

// What is accepted has the options that Prepare gave the listening socket.
func TestPrepareIsInherited(t *testing.T) {
	fd, port := listening(t)
	if err := Prepare(fd); err != nil {
		t.Fatal(err)
	}
	c, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var n int
	for range 100 {
		if n, _, err = unix.Accept4(fd, unix.SOCK_CLOEXEC); err != unix.EAGAIN {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(n)
	for _, o := range []struct {
		name          string
		level, option int
	}{
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE},
		{"SO_OOBINLINE", unix.SOL_SOCKET, unix.SO_OOBINLINE},
		{"TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY},
	} {
		if v, err := unix.GetsockoptInt(n, o.level, o.option); err != nil || v == 0 {
			t.Errorf("%s: %d, %v", o.name, v, err)
		}
	}
}
