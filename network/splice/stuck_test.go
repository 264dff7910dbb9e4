package splice

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// narrow is a connection with small buffers at both ends.
func narrow(t testing.TB) (*net.TCPConn, int) {
	t.Helper()
	small := func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10)
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 32<<10)
		})
	}
	listen, dial := net.ListenConfig{Control: small}, net.Dialer{Control: small}
	l, err := listen.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := dial.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return far.(*net.TCPConn), steal(t, near.(*net.TCPConn))
}

// flood joins pairs whose server never reads, and fills them.
func flood(t *testing.T, p *Pump, n int, ended func(Totals)) {
	var wg sync.WaitGroup
	for range n {
		far, client := narrow(t)
		mute, server := narrow(t)
		t.Cleanup(func() { far.Close(); mute.Close() })
		if err := p.Join(Pair{Client: client, Server: server, Done: ended}); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			far.SetWriteDeadline(time.Now().Add(time.Second))
			buffer := make([]byte, 100<<10)
			for range 3 {
				if _, err := far.Write(buffer); err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
}

// transfer sends bytes through a pair of their own, and sees that they come.
func transfer(t *testing.T, p *Pump, n int) {
	t.Helper()
	j := join(t, p, "tcp4", Pair{})
	go func() {
		j.client.Write(make([]byte, n))
		j.client.CloseWrite()
	}()
	j.server.SetDeadline(time.Now().Add(20 * time.Second))
	m, err := io.Copy(io.Discard, j.server)
	if m != int64(n) || err != nil {
		t.Fatalf("%d bytes of %d: %v", m, n, err)
	}
	j.server.Close()
	if totals := j.totals(t); totals.End != EOF || totals.Out != uint64(n) {
		t.Errorf("%+v", totals)
	}
}

// Those whose peer never reads keep no pipe, little memory, and nobody waiting.
func TestNeverReads(t *testing.T) {
	p := newPump(t, Limits{})
	flood(t, p, 500, func(t Totals) {})
	time.Sleep(2 * pipeStalled)
	if s := p.Stats(); s.Pairs != 500 || s.Leftover > 8<<20 || s.Leftover == 0 {
		t.Errorf("%+v", s)
	}
	transfer(t, p, 32<<20)
	time.Sleep(pipeUnused + pipeUnused/2)
	if n := p.Stats().Pipes; n != 0 {
		t.Errorf("%d pipes, and nothing in flight", n)
	}
}

// When memory is used up, bytes stay with their senders: nothing is reset, or lost.
func TestLeftoverBudget(t *testing.T) {
	for _, leftover := range []int{1, 64 << 10, 2 * pipeSize} {
		var ended atomic.Int32
		p := newPump(t, Limits{Leftover: leftover})
		flood(t, p, 50, func(t Totals) {
			if t.End != Closed {
				ended.Add(1)
			}
		})
		transfer(t, p, 8<<20)
		if ended.Load() != 0 || p.Stats().Leftover > leftover {
			t.Errorf("%d bytes: %d pairs ended; %+v", leftover, ended.Load(), p.Stats())
		}
		var wg sync.WaitGroup
		for i := range uint64(10) {
			j := join(t, p, "tcp4", Pair{})
			wg.Go(func() {
				if err := j.exchange(rand.New(rand.NewPCG(i, 3)), i); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

// There are never more than 16 pipes, and none without bytes in flight.
func TestPipes(t *testing.T) {
	before := pipes(t)
	p := newPump(t, Limits{})
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for i := range 40 {
		j := join(t, p, "tcp4", Pair{})
		wg.Go(func() {
			buffer := make([]byte, 256<<10)
			for {
				if _, err := j.client.Write(buffer); err != nil {
					return
				}
			}
		})
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			buffer := make([]byte, 256<<10)
			for {
				select {
				case <-stop:
					j.server.Close()
					return
				default:
				}
				j.server.Read(buffer)
				time.Sleep(time.Duration(r.IntN(5)) * time.Millisecond)
			}
		})
	}
	most := 0
	for range 50 {
		most = max(most, pipes(t)-before)
		time.Sleep(10 * time.Millisecond)
	}
	close(stop)
	wg.Wait()
	if most > 2*MaxPipes || most == 0 {
		t.Errorf("%d descriptors of pipes", most)
	}
	time.Sleep(pipeUnused + pipeUnused/2)
	if n := pipes(t) - before; n != 0 {
		t.Errorf("%d descriptors of pipes, and nothing in flight", n)
	}
}

// Where there is no pipe to be had, bytes are copied.
func TestNoPipes(t *testing.T) {
	pipesOpen.Add(MaxPipes)
	defer pipesOpen.Add(-MaxPipes)
	p := newPump(t, Limits{})
	transfer(t, p, 8<<20)
	var wg sync.WaitGroup
	for i := range uint64(10) {
		j := join(t, p, "tcp4", Pair{})
		wg.Go(func() {
			if err := j.exchange(rand.New(rand.NewPCG(i, 2)), i); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := p.Stats().Pipes; n != 0 {
		t.Errorf("%d pipes", n)
	}
}

// A pipe that cannot be made, here for want of descriptors, is not missed.
func TestPipeFails(t *testing.T) {
	p := newPump(t, Limits{})
	a, client := connect(t, "tcp4")
	b, server := connect(t, "tcp4")
	defer a.Close()
	defer b.Close()
	var limit, low unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low = unix.Rlimit{Cur: 3, Max: limit.Max}
	done := make(chan Totals, 1)
	if err := p.Join(Pair{Client: client, Server: server, Done: func(t Totals) { done <- t }}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	go func() {
		a.Write(make([]byte, 8<<20))
		a.CloseWrite()
	}()
	if n, err := io.Copy(io.Discard, b); n != 8<<20 || err != nil || p.Stats().Pipes != 0 {
		t.Errorf("%d bytes: %v; %+v", n, err, p.Stats())
	}
	b.Close()
	if totals := <-done; totals.End != EOF {
		t.Errorf("%+v", totals)
	}
}
