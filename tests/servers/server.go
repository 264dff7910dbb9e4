package servers

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
)

// Server is a server that runs.
type Server struct {
	Heard
	Port int
	stop func()
}

// Close ends the server. Its connections may last a little longer.
func (s *Server) Close() { s.stop() }

// Sockets makes the sockets of servers: [net.Listen] and [net.ListenPacket], or those of
// another network namespace.
type Sockets interface {
	Listen(network, address string) (net.Listener, error)
	ListenPacket(network, address string) (net.PacketConn, error)
}

// Here makes sockets in the network namespace of the test.
type Here struct{}

func (Here) Listen(network, address string) (net.Listener, error) {
	return net.Listen(network, address)
}
func (Here) ListenPacket(network, address string) (net.PacketConn, error) {
	return net.ListenPacket(network, address)
}

// kind is how a server that is started with arguments serves connections.
type kind func(a *Authority, args []string) (func(l net.Listener) error, error)

// kinds are the servers of streams.
var kinds = map[string]kind{
	"greet": greet,
	"echo":  echo,
	"sink":  sink,
	"http":  web(false),
	"https": web(true),
	"proxy": connect,

	"modules":     handler(modules, false),
	"modules-tls": handler(modules, true),
	"npm":         handler(npm, false),
	"npm-tls":     handler(npm, true),
	"apt":         handler(debian, false),
	"git":         handler(git, false),
	"git-tls":     handler(git, true),
	"ssh":         ssh,
}

// Start starts a server of a kind: "udp" echoes datagrams, the others are streams. The
// port of the address may be 0. Certificates come from the authority.
func Start(sockets Sockets, a *Authority, kind, address string, args ...string) (*Server, error) {
	s := &Server{}
	if kind == "udp" {
		p, err := sockets.ListenPacket("udp", address)
		if err != nil {
			return nil, err
		}
		s.Port, s.stop = p.LocalAddr().(*net.UDPAddr).Port, func() { p.Close() }
		go s.datagrams(p)
		return s, nil
	}
	begin, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("no server is called %q: there are udp and %v", kind, slices.Sorted(maps.Keys(kinds)))
	}
	serve, err := begin(a, args)
	if err != nil {
		return nil, err
	}
	l, err := sockets.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s.Port, s.stop = l.Addr().(*net.TCPAddr).Port, func() { l.Close() }
	go serve(listener{l, &s.Heard})
	return s, nil
}

// each calls f for each connection, which is closed afterwards.
func each(l net.Listener, f func(*conn)) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			f(c.(*conn))
		}()
	}
}

// handler makes a kind of what handles HTTP.
func handler(h func(args []string) (http.Handler, error), secure bool) kind {
	return func(a *Authority, args []string) (func(net.Listener) error, error) {
		handle, err := h(args)
		if err != nil {
			return nil, err
		}
		return func(l net.Listener) error { return serve(l, handle, a, secure) }, nil
	}
}

// datagrams answers each datagram with itself.
func (s *Server) datagrams(p net.PacketConn) {
	var buf [65536]byte
	for {
		n, from, err := p.ReadFrom(buf[:])
		if err != nil {
			return
		}
		s.connection()
		s.data(buf[:n])
		p.WriteTo(buf[:n], from)
	}
}

// greet speaks first, as mail servers do, and then echoes.
func greet(_ *Authority, args []string) (func(net.Listener) error, error) {
	return func(l net.Listener) error {
		return each(l, func(c *conn) {
			io.WriteString(c, "220 ready\r\n")
			io.Copy(c, c)
			c.CloseWrite()
		})
	}, nil
}

func echo(*Authority, []string) (func(net.Listener) error, error) {
	return func(l net.Listener) error {
		return each(l, func(c *conn) {
			io.Copy(c, c)
			c.CloseWrite()
		})
	}, nil
}

// sink reads, and says nothing.
func sink(*Authority, []string) (func(net.Listener) error, error) {
	return func(l net.Listener) error {
		return each(l, func(c *conn) { io.Copy(io.Discard, c) })
	}, nil
}
