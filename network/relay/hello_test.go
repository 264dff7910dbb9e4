package relay

import (
	"crypto/tls"
	"io"
	"net"
)

// hello is a ClientHello, as crypto/tls makes it.
func hello(name string) string {
	c, s := net.Pipe()
	go tls.Client(c, &tls.Config{ServerName: name}).Handshake()
	head := make([]byte, 5)
	if _, err := io.ReadFull(s, head); err != nil {
		panic(err)
	}
	body := make([]byte, int(head[3])<<8|int(head[4]))
	if _, err := io.ReadFull(s, body); err != nil {
		panic(err)
	}
	c.Close()
	s.Close()
	return string(head) + string(body)
}
