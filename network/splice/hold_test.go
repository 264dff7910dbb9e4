package splice

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/usandbox/usandbox/network/sniff"
	"golang.org/x/sys/unix"
)

func check(head []byte, ended bool) (sniff.Decision, string) {
	return sniff.Check(head, ended, "example.org", 80)
}

// hear reads what should come.
func hear(t *testing.T, c *net.TCPConn, want string) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	b := make([]byte, len(want))
	if n, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("%q, %v; want %q", b[:n], err, want)
	}
}

// silent sees that nothing comes.
func silent(t *testing.T, c *net.TCPConn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%d bytes, %v; want none", n, err)
	}
}

// wasReset sees that a connection is reset, with no byte before.
func wasReset(t *testing.T, c *net.TCPConn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := c.Read(make([]byte, 100)); n != 0 || !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("%d bytes, %v; want a reset", n, err)
	}
}

func TestInspectPasses(t *testing.T) {
	p := newPump(t, Limits{})
	j := join(t, p, "tcp4", Pair{Inspect: check})
	j.server.Write([]byte("the server speaks first"))
	hear(t, j.client, "the server speaks first")
	request := "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"
	for i := range len(request) - 1 {
		j.client.Write([]byte{request[i]})
		if i%8 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	silent(t, j.server)
	j.client.Write([]byte("\nbody"))
	hear(t, j.server, request+"body")
	j.server.CloseWrite()
	j.client.CloseWrite()
	if totals := j.totals(t); totals.End != EOF || totals.Out != uint64(len(request)+4) {
		t.Errorf("%+v", totals)
	}
}

func TestInspectRefuses(t *testing.T) {
	p := newPump(t, Limits{})
	for _, head := range []string{"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", "\x16\x03\x01\x00\x01\x07"} {
		j := join(t, p, "tcp6", Pair{Inspect: check})
		j.client.Write([]byte(head))
		wasReset(t, j.client)
		wasReset(t, j.server)
		if totals := j.totals(t); totals.End != Refused || totals.Out != 0 || totals.Reason == "" {
			t.Errorf("%+v", totals)
		}
	}
}

// A client that ends before it said anything has nothing that could be refused, one
// that ends within a head has.
func TestInspectEnded(t *testing.T) {
	p := newPump(t, Limits{})
	j := join(t, p, "tcp4", Pair{Inspect: check})
	j.client.CloseWrite()
	j.server.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := j.server.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes, %v; want the end", n, err)
	}
	j = join(t, p, "tcp4", Pair{Inspect: check})
	j.client.Write([]byte("GET / HTTP/1.1\r\nHost: example.org\r\n"))
	j.client.CloseWrite()
	if totals := j.totals(t); totals.End != Refused {
		t.Errorf("%+v", totals)
	}
}

// Who says nothing is not timed; who begins is.
func TestHoldTimeout(t *testing.T) {
	p := newPump(t, Limits{Hold: 100 * time.Millisecond})
	quiet := join(t, p, "tcp4", Pair{Inspect: check})
	j := join(t, p, "tcp4", Pair{Inspect: check})
	j.client.Write([]byte("GE"))
	wasReset(t, j.server)
	if totals := j.totals(t); totals.End != HoldTimeout || totals.Out != 0 {
		t.Errorf("%+v", totals)
	}
	time.Sleep(150 * time.Millisecond)
	quiet.client.Write([]byte("SSH-2.0-x\r\n"))
	hear(t, quiet.server, "SSH-2.0-x\r\n")
}

// A head that is too long, or comes in too many pieces, is refused with no byte out.
func TestInspectBounds(t *testing.T) {
	p := newPump(t, Limits{})
	long := join(t, p, "tcp4", Pair{Inspect: check})
	go func() {
		line := []byte("Xxxxxxxxxxxxxxxxxxxxxxxxxxxxx: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")
		long.client.Write([]byte("GET / HTTP/1.1\r\n"))
		for range 2000 {
			if _, err := long.client.Write(line); err != nil {
				return
			}
		}
	}()
	if totals := long.totals(t); totals.End != Refused || totals.Out != 0 {
		t.Errorf("%+v", totals)
	}
	never := func([]byte, bool) (sniff.Decision, string) { return sniff.More, "" }
	pieces := join(t, p, "tcp4", Pair{Inspect: never})
	go func() {
		for range 30000 {
			if _, err := pieces.client.Write([]byte{'a'}); err != nil {
				return
			}
			time.Sleep(20 * time.Microsecond)
		}
		pieces.client.CloseWrite()
	}()
	if totals := pieces.totals(t); totals.End != Refused || totals.Out != 0 {
		t.Errorf("%+v", totals)
	}
	wasReset(t, pieces.server)
}

// Inspect sees urgent data in its place: a byte that it did not see could still reach
// the server, since another urgent byte makes an ordinary one of it.
func TestInspectUrgent(t *testing.T) {
	p := newPump(t, Limits{})
	seen := make(chan string, 1)
	j := join(t, p, "tcp4", Pair{Inspect: func(head []byte, ended bool) (sniff.Decision, string) {
		if len(head) < 5 {
			return sniff.More, ""
		}
		seen <- string(head)
		return sniff.Pass, ""
	}})
	raw, err := j.client.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.Sendto(int(fd), []byte{'a'}, unix.MSG_OOB, nil) })
	if err != nil {
		t.Fatal(err)
	}
	j.client.Write([]byte("bcdef"))
	hear(t, j.server, "abcdef")
	if head := <-seen; head[0] != 'a' {
		t.Errorf("Inspect sees %q", head)
	}
}
