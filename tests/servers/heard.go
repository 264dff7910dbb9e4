package servers

import (
	"net"
	"sync"
)

// most is how much of what a server hears is kept.
const most = 1 << 20

// Heard is what reached a server. It is safe for concurrent use.
type Heard struct {
	mu          sync.Mutex
	connections int
	bytes       int64
	text        []byte
}

// Connections is the number of connections, or of datagrams.
func (h *Heard) Connections() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.connections
}

// Bytes is how many bytes came in.
func (h *Heard) Bytes() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bytes
}

// Text is the first MiB of what came in.
func (h *Heard) Text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.text)
}

func (h *Heard) connection() {
	h.mu.Lock()
	h.connections++
	h.mu.Unlock()
}

func (h *Heard) data(b []byte) {
	h.mu.Lock()
	h.bytes += int64(len(b))
	h.text = append(h.text, b[:min(len(b), most-len(h.text))]...)
	h.mu.Unlock()
}

// listener counts what it accepts.
type listener struct {
	net.Listener
	heard *Heard
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.heard.connection()
	return &conn{c, l.heard}, nil
}

type conn struct {
	net.Conn
	heard *Heard
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.heard.data(b[:max(n, 0)])
	return n, err
}

// CloseWrite is what half a connection is closed by.
func (c *conn) CloseWrite() error { return c.Conn.(*net.TCPConn).CloseWrite() }
