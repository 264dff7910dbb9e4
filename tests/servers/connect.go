package servers

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// connect is a proxy that dials whatever it is asked to, by CONNECT.
func connect(*Authority, []string) (func(net.Listener) error, error) {
	return func(l net.Listener) error {
		return each(l, func(c *conn) {
			r := bufio.NewReader(c)
			request, err := http.ReadRequest(r)
			if err != nil || request.Method != http.MethodConnect {
				io.WriteString(c, "HTTP/1.1 405 Method Not Allowed\r\n\r\n")
				return
			}
			to, err := net.Dial("tcp", request.Host)
			if err != nil {
				io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
				return
			}
			defer to.Close()
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			go func() {
				io.Copy(to, r)
				to.(*net.TCPConn).CloseWrite()
			}()
			io.Copy(c, to)
		})
	}, nil
}
