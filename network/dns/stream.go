package dns

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	idleTimeout  = 10 * time.Second // for a whole query to come in
	writeTimeout = 5 * time.Second
	streamBuffer = 32 << 10 // of the kernel, each way
)

// accept takes connections, at most maxStreams at once; what is more is closed.
func (s *Server) accept(l net.Listener) error {
	failures := 0
	for {
		c, err := l.Accept()
		if err != nil {
			if s.isClosed() {
				return nil
			}
			if failures++; failures >= maxFailures || errors.Is(err, net.ErrClosed) {
				return err
			}
			time.Sleep(10 * time.Millisecond) // out of descriptors, perhaps
			continue
		}
		failures = 0
		select {
		case s.streams <- struct{}{}:
		default:
			c.Close()
			continue
		}
		if !s.enter(c) {
			return nil
		}
		go func() {
			defer s.leave(c)
			defer func() { <-s.streams }()
			s.stream(c)
		}()
	}
}

// stream answers the queries on a connection, RFC 7766. They may come one after the
// other without waiting, and a reply that needs a look-up may come after later ones.
func (s *Server) stream(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		// By itself the kernel would let them grow to megabytes for who never reads.
		t.SetReadBuffer(streamBuffer)
		t.SetWriteBuffer(streamBuffer)
	}
	w := &streamWriter{c: c, timeout: s.writing}
	var pending sync.WaitGroup
	defer pending.Wait() // it may have said that it asks no more, and waits for replies
	in, out := make([]byte, 0, minReply), make([]byte, 0, minReply)
	for s.queries.wait(s.ctx) {
		if c.SetReadDeadline(time.Now().Add(s.idle)) != nil {
			return
		}
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(size[:]))
		if n < headerSize || n > maxQuery {
			return
		}
		if n > cap(in) {
			in = make([]byte, 0, maxQuery)
		}
		if _, err := io.ReadFull(c, in[:n]); err != nil {
			return
		}
		s.serve(in[:n], client{
			addr: c.RemoteAddr(), stream: true, buf: out, pending: &pending, send: w.write,
		})
		if w.failed() {
			return
		}
	}
}

// streamWriter writes replies one after the other. The first failure closes the
// connection.
type streamWriter struct {
	mu  sync.Mutex
	c   net.Conn
	err error
	buf []byte

	timeout time.Duration
}

func (w *streamWriter) write(msg []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	w.buf = binary.BigEndian.AppendUint16(w.buf[:0], uint16(len(msg)))
	w.buf = append(w.buf, msg...)
	if w.err = w.c.SetWriteDeadline(time.Now().Add(w.timeout)); w.err == nil {
		_, w.err = w.c.Write(w.buf)
	}
	if w.err != nil {
		w.c.Close()
	}
	if cap(w.buf) > maxQuery {
		w.buf = nil
	}
}

func (w *streamWriter) failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err != nil
}
