package servers

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// web answers a request with what was asked: the version, the method, the host, the
// path, the size of the body and the TLS server name. /bytes/N is N bytes long.
func web(secure bool) kind {
	return handler(func([]string) (http.Handler, error) {
		mux := http.NewServeMux()
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			name := "none"
			if r.TLS != nil {
				name = r.TLS.ServerName
			}
			fmt.Fprintf(w, "%s %s host=%s path=%s body=%d tls=%s\n", r.Proto, r.Method, r.Host, r.URL.Path, n, name)
		})
		mux.HandleFunc("/bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
			n, _ := strconv.ParseInt(r.PathValue("n"), 10, 64)
			w.Header().Set("Content-Length", fmt.Sprint(n))
			io.CopyN(w, zeros{}, n)
		})
		return mux, nil
	}, secure)
}

// serve serves HTTP, with TLS and HTTP/2 where it is secure.
func serve(l net.Listener, h http.Handler, a *Authority, secure bool) error {
	s := &http.Server{Handler: h}
	if !secure {
		return s.Serve(l)
	}
	s.TLSConfig = a.config("h2", "http/1.1")
	return s.Serve(tls.NewListener(l, s.TLSConfig))
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
