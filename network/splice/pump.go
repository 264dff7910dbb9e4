package splice

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Pump carries the bytes of pairs. It is safe for concurrent use.
type Pump struct {
	limits   Limits
	poll     *poll
	eventfd  int // readable: Close or Cut was called
	ended    chan struct{}
	joined   atomic.Int32
	moved    atomic.Uint64 // bytes given to a socket
	leftover atomic.Int64  // bytes in memory

	mu      sync.Mutex
	table   []slot
	unused  []int32 // slots of the table
	closed  bool
	doomed  []any // keys of pairs to reset
	drains  bool  // Drain was called
	watches []*Watch

	// Of the goroutine alone.
	now    time.Time
	scan   time.Time // when to look for idle pairs next
	buffer []byte
	pool   pool
	ready  []*link // that may have something to move
	told   []*Watch
	held   queue
	stuck  queue
	drain  bool // drains, as seen by the goroutine
}

// slot is a place in the table. Events name the slot and how often it was used before:
// those for a pair that was there earlier are told apart.
type slot struct {
	link *link
	uses int32
}

// ErrClosed is what Join returns when the pump is closed.
var ErrClosed = errors.New("the pump is closed")

// New starts a pump: one goroutine and two descriptors, which end with Close.
func New(l Limits) (*Pump, error) {
	if l.Pipes <= 0 || l.Pipes > MaxPipes {
		l.Pipes = MaxPipes
	}
	if l.Leftover <= 0 {
		l.Leftover = 8 << 20
	}
	if l.Hold <= 0 {
		l.Hold = 10 * time.Second
	}
	p := &Pump{limits: l, ended: make(chan struct{}), buffer: make([]byte, bulkRead), pool: pool{most: l.Pipes}}
	var err error
	if p.poll, err = newPoll(); err != nil {
		return nil, fmt.Errorf("usandbox: carry bytes between sockets: %w", err)
	}
	p.eventfd, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		err = os.NewSyscallError("eventfd", err)
	} else if err = p.poll.add(p.eventfd, unix.EPOLLIN, -1, 0); err != nil {
		unix.Close(p.eventfd)
	}
	if err != nil {
		p.poll.close()
		return nil, fmt.Errorf("usandbox: carry bytes between sockets: %w", err)
	}
	go p.run()
	return p, nil
}

// Join carries the bytes of a pair from now on, until both sides have ended, one is
// reset, or the pump is closed. It owns both sockets, whatever it returns: with an
// error, it has closed them, and Done is not called.
func (p *Pump) Join(pair Pair) error {
	l := &link{inspect: pair.Inspect, done: pair.Done, key: pair.Key, active: time.Now()}
	if pair.Published {
		l.ends = server
	}
	l.sock[server] = newSocket(pair.Server)
	if l.sock[client].fd = pair.Client; !pair.Accepted {
		l.sock[client] = newSocket(pair.Client)
	}
	p.mu.Lock()
	defer p.mu.Unlock() // held for all of it: the pump sees no half of a pair
	err := error(ErrClosed)
	if !p.closed {
		err = p.register(l)
	}
	if err != nil {
		for i := range l.sock {
			l.sock[i].linger()
			unix.Close(l.sock[i].fd)
		}
		return fmt.Errorf("usandbox: carry bytes between two sockets: %w", err)
	}
	p.joined.Add(1)
	return nil
}

// register gives a link a slot, and its sockets to epoll.
func (p *Pump) register(l *link) error {
	if n := len(p.unused); n > 0 {
		l.slot = p.unused[n-1]
		p.unused = p.unused[:n-1]
	} else {
		l.slot = int32(len(p.table))
		p.table = append(p.table, slot{})
	}
	s := &p.table[l.slot]
	s.link = l
	for i := range l.sock {
		if err := p.poll.add(l.sock[i].fd, interest, l.slot<<1|int32(i), s.uses); err != nil {
			p.leave(l)
			return err
		}
	}
	return nil
}

// leave frees the slot of a link.
func (p *Pump) leave(l *link) {
	p.table[l.slot].link = nil
	p.table[l.slot].uses++
	p.unused = append(p.unused, l.slot)
}

// links are all there are.
func (p *Pump) links() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*link
	for i := range p.table {
		if l := p.table[i].link; l != nil {
			all = append(all, l)
		}
	}
	return all
}

// Stats tells what the pump has.
func (p *Pump) Stats() Stats {
	return Stats{Pairs: int(p.joined.Load()), Pipes: int(p.pool.open.Load()), Leftover: int(p.leftover.Load())}
}

// Close resets all pairs, calls their Done, and returns when the pump has ended. It
// returns nil, and may be called again.
func (p *Pump) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		unix.Write(p.eventfd, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	p.mu.Unlock()
	<-p.ended
	return nil
}
