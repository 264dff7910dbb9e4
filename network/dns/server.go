package dns

import (
	"context"
	"net"
	"sync"
	"time"
)

// Limits of a Server. What a question may need is bounded by them: with all reached,
// a Server needs less than 8 MiB beside the Pool.
const (
	queriesPerSecond = 2000 // answered; more wait in the socket's buffer
	lookupsPerSecond = 100  // questions that go out
	maxWaiting       = 256  // queries that wait for a look-up
	maxLookups       = 32   // look-ups under way
	maxRemembered    = 4096 // results of Exists
	maxStreams       = 64   // TCP connections
)

// Server answers questions for names. Its fields must not be changed once one of its
// methods was called. The callbacks are called from several goroutines at once, with
// names in the form of [network.Rule]: lower case, ASCII, without a final dot, at most
// 253 bytes.
//
// A flood is held back rather than refused: beyond QueriesPerSecond, for all clients
// together, the Server reads no further; the kernel keeps what fits into the sockets'
// buffers, and drops the rest. Names that need a look-up outside get SERVFAIL when more
// than LookupsPerSecond would begin or 256 queries wait for one already. There are at
// most 64 TCP connections, and more are closed at once; one is closed when no whole
// query has come in for 10 seconds, or a reply could not be written for 5.
type Server struct {
	// Pool has the addresses. It is needed.
	Pool *Pool

	// Known reports whether a name could be connected to. It is asked for every question,
	// must answer at once, and counts alone: where it says no, the name does not exist
	// and nothing else is asked. nil: no name is known.
	Known func(name string) bool

	// Given reports whether a name has an address that the user gave: it exists, and
	// Exists is not asked. nil: none has.
	Given func(name string) bool

	// Exists finds out whether a name that is known exists outside. It is called once
	// for questions that come in meanwhile, and not again for a time: a minute if the
	// name exists, or as long as the Pool has it; 5 seconds if it does not; one second
	// if that could not be found out. The context ends after 10 seconds. nil: every
	// name that is known exists. [Exists] makes one of a [net.Resolver].
	Exists func(ctx context.Context, name string) (Existence, error)

	// Forward asks a resolver outside a question for a name that is known and a type
	// other than A, AAAA, CNAME, ANY, and for PTR of public addresses that are not the
	// sandbox's own. It gets a whole message, and gives the whole reply. nil: what is
	// not answered here is refused. [Upstream] has one.
	Forward func(ctx context.Context, query []byte) ([]byte, error)

	// Log is told of every question, before the reply is sent. It must return at once: the
	// next question waits. Names that the sandbox chose are at most 1012 bytes here. It
	// is not called more often than QueriesPerSecond.
	Log func(Query)

	// NoIPv6 leaves out IPv6 addresses, for a sandbox without IPv6: no data for AAAA.
	NoIPv6 bool

	QueriesPerSecond int // 0: 2000
	LookupsPerSecond int // 0: 100; of Exists and Forward together

	idle, writing time.Duration // of TCP, other than usual in tests

	once    sync.Once
	ctx     context.Context
	cancel  context.CancelFunc
	queries *bucket
	lookups *bucket
	waiting chan struct{}
	asking  chan struct{}
	names   existence
	streams chan struct{}

	mu     sync.Mutex
	closed bool
	open   map[interface{ Close() error }]struct{}
	wg     sync.WaitGroup
}

// ServePacket answers what comes in at a socket, until Close, after which it returns
// nil, or until the socket fails. It closes the socket.
func (s *Server) ServePacket(c net.PacketConn) error {
	s.start()
	if !s.enter(c) {
		return nil
	}
	defer s.leave(c)
	return s.packets(c)
}

// ServeStream answers on the connections that a listener accepts, until Close, after
// which it returns nil, or until the listener fails. It closes the listener.
func (s *Server) ServeStream(l net.Listener) error {
	s.start()
	if !s.enter(l) {
		return nil
	}
	defer s.leave(l)
	return s.accept(l)
}

// Close closes the sockets and connections, ends look-ups, and waits until nothing of
// the Server runs. It must not be called by a callback.
func (s *Server) Close() error {
	s.start()
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	return nil
}

func (s *Server) start() {
	s.once.Do(func() {
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.idle, s.writing = or(s.idle, idleTimeout), or(s.writing, writeTimeout)
		s.queries = newBucket(or(s.QueriesPerSecond, queriesPerSecond))
		s.lookups = newBucket(or(s.LookupsPerSecond, lookupsPerSecond))
		s.waiting = make(chan struct{}, maxWaiting)
		s.asking = make(chan struct{}, maxLookups)
		s.streams = make(chan struct{}, maxStreams)
		s.open = make(map[interface{ Close() error }]struct{})
	})
}

// enter notes something that Close has to close. It is closed at once if Close was.
func (s *Server) enter(c interface{ Close() error }) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return false
	}
	s.open[c] = struct{}{}
	s.wg.Add(1)
	return true
}

func (s *Server) leave(c interface{ Close() error }) {
	c.Close()
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	s.wg.Done()
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func or[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}
