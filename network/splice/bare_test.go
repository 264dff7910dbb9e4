package splice

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// bare is a pump whose goroutine is the test.
func bare(t *testing.T, l Limits) *Pump {
	poll, err := newPoll()
	if err != nil {
		t.Fatal(err)
	}
	p := &Pump{limits: l, poll: poll, buffer: make([]byte, bulkRead), now: time.Now(), pool: pool{most: MaxPipes}}
	t.Cleanup(func() {
		for _, l := range p.links() {
			p.reset(l, Totals{})
		}
		p.pool.closeFree()
		poll.close()
		if s := p.Stats(); s != (Stats{}) {
			t.Errorf("%+v", s)
		}
	})
	return p
}

// bareLink is a link of unix sockets, and the server's far end.
func bareLink(t *testing.T, p *Pump) (l *link, far int) {
	var fd [2][2]int
	for i := range fd {
		var err error
		if fd[i], err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd[i][1]) })
	}
	l = &link{sock: [2]socket{newSocket(fd[0][0]), newSocket(fd[1][0])}}
	if err := p.register(l); err != nil {
		t.Fatal(err)
	}
	p.joined.Add(1)
	return l, fd[1][1]
}

// stalled gives a link a pipe with bytes for which there is no room.
func stalled(t *testing.T, p *Pump, l *link, text string) {
	t.Helper()
	pipe := p.pool.take(p.now)
	if pipe == nil {
		t.Fatal("no pipe")
	}
	if _, err := unix.Write(pipe.w, []byte(text)); err != nil {
		t.Fatal(err)
	}
	pipe.n, pipe.owner, l.flow[client].pipe = len(text), l, pipe
	p.pool.stall(pipe, p.now)
}

// received sees that a far end gets text once there is room.
func received(t *testing.T, p *Pump, l *link, far int, text string) {
	t.Helper()
	l.sock[server].writable = true
	p.turn(l)
	b := make([]byte, 1000)
	if n, err := unix.Read(far, b); err != nil || string(b[:n]) != text || l.flow[client].total != uint64(len(text)) {
		t.Errorf("%q, %v; want %q", b[:max(n, 0)], err, text)
	}
}

// A pipe whose bytes have no room is taken back after a while, and the bytes come.
func TestStalledPipe(t *testing.T) {
	p := bare(t, Limits{Leftover: 1000})
	l, far := bareLink(t, p)
	stalled(t, p, l, "some bytes")
	p.emptyStalled()
	if len(p.pool.busy) != 1 {
		t.Error("the pipe is taken back at once")
	}
	if d := p.deadline(); !d.Equal(p.now.Add(pipeStalled)) {
		t.Errorf("the pump wakes at %v, it is %v", d, p.now)
	}
	p.now = p.now.Add(pipeStalled)
	p.emptyStalled()
	if s := p.Stats(); len(p.pool.busy) != 0 || len(p.pool.free) != 1 || s.Leftover != 10 {
		t.Errorf("%+v, %d pipes busy", s, len(p.pool.busy))
	}
	received(t, p, l, far, "some bytes")
	p.now = p.now.Add(pipeUnused)
	if p.pool.reap(p.now); p.Stats().Pipes != 0 {
		t.Error("a pipe is kept")
	}
}

// The process has 16 pipes at most, however many pumps; who needs one more gets that of
// those who wait longest.
func TestMostPipes(t *testing.T) {
	p, other := bare(t, Limits{Leftover: 1000}), bare(t, Limits{})
	first, far := bareLink(t, p)
	stalled(t, p, first, "first")
	for range MaxPipes/2 - 1 {
		l, _ := bareLink(t, p)
		stalled(t, p, l, "x")
	}
	for range MaxPipes / 2 {
		l, _ := bareLink(t, other)
		stalled(t, other, l, "x")
	}
	if p.pool.take(p.now) != nil || other.pool.take(p.now) != nil || pipesOpen.Load() != MaxPipes {
		t.Errorf("more than %d pipes", MaxPipes)
	}
	pipe := p.pipe()
	if pipe == nil || first.flow[client].pipe != nil {
		t.Error("nobody gives a pipe")
	}
	received(t, p, first, far, "first")
	p.limits.Leftover = 0
	if p.pipe() != nil {
		t.Error("a pipe is emptied beyond the budget")
	}
	p.pool.put(pipe, p.now)
	many, err := New(Limits{Pipes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if many.pool.most != MaxPipes {
		t.Errorf("%d pipes", many.pool.most)
	}
	many.Close()
}

// When the budget is used up, that pair is reset that has waited longest.
func TestVictim(t *testing.T) {
	p := bare(t, Limits{Leftover: 100})
	old, _ := bareLink(t, p)
	l, _ := bareLink(t, p)
	p.keep(old, &old.flow[client], make([]byte, 60))
	if !p.keep(l, &l.flow[client], make([]byte, 60)) || !old.dead || l.dead {
		t.Error("the wrong one is reset")
	}
	if p.keep(l, &l.flow[server], make([]byte, 60)) || !l.dead {
		t.Error("the budget is exceeded")
	}
}

// Events for a pair that is gone do nothing to the one in its place.
func TestStaleEvent(t *testing.T) {
	p := bare(t, Limits{})
	gone, _ := bareLink(t, p)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: gone.slot << 1, Pad: p.table[gone.slot].uses}
	p.reset(gone, Totals{})
	p.collect([]unix.EpollEvent{event})
	next, _ := bareLink(t, p)
	if p.collect([]unix.EpollEvent{event}); next.slot != gone.slot || next.sock[client].readable || len(p.ready) != 0 {
		t.Error("an event meant for another pair")
	}
}

// What a receiver does not take of a copied piece comes later, in order.
func TestKeepsRest(t *testing.T) {
	p := bare(t, Limits{Leftover: 1 << 20})
	l, far := bareLink(t, p)
	unix.SetsockoptInt(l.sock[server].fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4096)
	from, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(l.sock[client].fd)
	l.sock[client].fd = from[0]
	defer unix.Close(from[1])
	want := make([]byte, 60000)
	for i := range want {
		want[i] = pattern(1, uint64(i))
	}
	if n, err := unix.Write(from[1], want); n != len(want) {
		t.Fatal(n, err)
	}
	var got []byte
	kept := false
	b := make([]byte, 3000)
	for range 1000 {
		l.sock[client].readable, l.sock[server].writable = true, true
		p.turn(l)
		kept = kept || p.Stats().Leftover > 0
		if n, _ := unix.Read(far, b); n > 0 {
			got = append(got, b[:n]...)
		}
	}
	if !bytes.Equal(got, want) || !kept {
		t.Errorf("%d bytes of %d, or others; kept some: %v", len(got), len(want), kept)
	}
}

// A mark of urgent data stops neither a splice nor a read that has taken all before it.
func TestUrgentMark(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		p := bare(t, Limits{})
		l, far := bareLink(t, p)
		unix.SetsockoptInt(l.sock[server].fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
		from, fd := connect(t, "tcp4")
		defer from.Close()
		unix.Close(l.sock[client].fd)
		l.sock[client] = newSocket(fd)
		if err := p.poll.add(fd, interest, l.slot<<1, p.table[l.slot].uses); err != nil {
			t.Fatal(err)
		}
		raw, err := from.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		piece := make([]byte, 5000)
		from.Write(piece)
		raw.Control(func(fd uintptr) { err = unix.Sendto(int(fd), []byte{'!'}, unix.MSG_OOB, nil) })
		if err != nil {
			t.Fatal(err)
		}
		from.Write(piece)
		time.Sleep(10 * time.Millisecond)
		events, err := p.poll.look(make([]unix.EpollEvent, 8))
		if err != nil {
			t.Fatal(err)
		}
		l.flow[client].bulk = bulk
		p.collect(events)
		p.turn(l)
		b := make([]byte, 20000)
		if n, err := unix.Read(far, b); n != 10001 {
			t.Errorf("bulk %v: %d bytes of 10001, %v", bulk, n, err)
		}
	}
}
