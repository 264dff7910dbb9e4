package splice

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestClose(t *testing.T) {
	p, err := New(Limits{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := join(t, p, "tcp4", Pair{}), join(t, p, "tcp4", Pair{Inspect: check})
	a.client.Write([]byte("x"))
	hear(t, a.server, "x")
	p.Close()
	p.Close()
	for _, j := range []joined{a, b} {
		wasReset(t, j.client)
		wasReset(t, j.server)
		if totals := j.totals(t); totals.End != Closed {
			t.Errorf("%+v", totals)
		}
	}
	far, fd := connect(t, "tcp4")
	defer far.Close()
	other, fd2 := connect(t, "tcp4")
	defer other.Close()
	if err := p.Join(Pair{Client: fd, Server: fd2, Done: func(Totals) { t.Error("Done") }}); !errors.Is(err, ErrClosed) {
		t.Errorf("Join: %v", err)
	}
	wasReset(t, far)
	wasReset(t, other)
	if s := p.Stats(); s != (Stats{}) {
		t.Errorf("%+v", s)
	}
}

// A reset reaches the other side of an idle pair, also of one that has half ended.
func TestResetIdle(t *testing.T) {
	p := newPump(t, Limits{})
	for _, half := range []bool{false, true} {
		j := join(t, p, "tcp4", Pair{})
		if half {
			j.client.CloseWrite()
			if n, err := j.server.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Fatal(n, err)
			}
		}
		j.client.SetLinger(0)
		j.client.Close()
		if totals := j.totals(t); totals.End != ClientReset || totals.Err == nil {
			t.Errorf("%+v", totals)
		}
		if !half {
			wasReset(t, j.server)
		} else if _, err := j.server.Write([]byte("x")); err == nil {
			t.Error("a write succeeds after the reset")
		}
	}
}

// What a server said before it reset the connection reaches the client, as it does
// without a pump: HTTP servers answer and close with the request's body unread.
func TestAnswerBeforeReset(t *testing.T) {
	p := newPump(t, Limits{})
	for range 50 {
		j := join(t, p, "tcp4", Pair{})
		j.client.Write(make([]byte, 20000))
		j.server.Read(make([]byte, 1))
		answer := strings.Repeat("answer", 5000)
		j.server.Write([]byte(answer))
		j.server.Close() // with bytes unread: RST
		if totals := j.totals(t); totals.End != ServerReset || totals.In != uint64(len(answer)) {
			t.Fatalf("%+v", totals)
		}
		hear(t, j.client, answer)
		wasReset(t, j.client)
	}
}

// Urgent data stays in the stream, and stops nothing.
func TestUrgent(t *testing.T) {
	p := newPump(t, Limits{})
	j := join(t, p, "tcp4", Pair{})
	raw, err := j.client.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	const want = 50 * 50001
	go func() {
		for range 50 {
			j.client.Write(make([]byte, 50000))
			raw.Write(func(fd uintptr) bool {
				return !errors.Is(unix.Sendto(int(fd), []byte{'!'}, unix.MSG_OOB, nil), unix.EAGAIN)
			})
		}
	}()
	j.server.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := io.ReadFull(j.server, make([]byte, want)); err != nil { // no end comes that could wake anybody
		t.Errorf("%d bytes of %d: %v", n, want, err)
	}
}

func TestIdleTimeout(t *testing.T) {
	p := newPump(t, Limits{Idle: 200 * time.Millisecond})
	idle, busy := join(t, p, "tcp4", Pair{}), join(t, p, "tcp4", Pair{})
	for range 8 {
		busy.client.Write([]byte("x"))
		hear(t, busy.server, "x")
		time.Sleep(50 * time.Millisecond)
	}
	if totals := idle.totals(t); totals.End != IdleTimeout {
		t.Errorf("%+v", totals)
	}
	if len(busy.done) != 0 {
		t.Error("one that is not idle is reset")
	}
}

// A thousand idle pairs cost less than 1 KiB each, and no pipe.
func TestIdleMemory(t *testing.T) {
	const n = 1000
	p := newPump(t, Limits{})
	far := make([]int, 0, 2*n)
	defer func() {
		for _, fd := range far {
			unix.Close(fd)
		}
	}()
	near := make([]int, 0, 2*n)
	for range 2 * n {
		fd, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		far, near = append(far, fd[0]), append(near, fd[1])
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		if err := p.Join(Pair{Client: near[2*i], Server: near[2*i+1], Done: func(Totals) {}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n { // each has carried something
		unix.Write(far[2*i], []byte("x"))
	}
	time.Sleep(100 * time.Millisecond)
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int(after.HeapAlloc) - int(before.HeapAlloc)) / n
	t.Logf("%d bytes each", each)
	if s := p.Stats(); each > 1024 || s.Pairs != n || s.Pipes != 0 || s.Leftover != 0 {
		t.Errorf("%d bytes each, %+v", each, s)
	}
	for i := range n {
		if k, err := unix.Read(far[2*i+1], make([]byte, 2)); k != 1 || err != nil {
			t.Fatalf("unix socket %d: %d, %v", i, k, err)
		}
	}
}
