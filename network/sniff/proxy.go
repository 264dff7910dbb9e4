package sniff

import "bytes"

// The header of the PROXY protocol says who the client of a proxy is. A server may take it
// from everybody, and takes what follows for the beginning of the connection.
const (
	proxyHeader = "\r\n\r\n\x00\r\nQUIT\n" // of version 2
	reasonProxy = "it begins with the header of a proxy, behind which it could name any host"
)

// isProxy reports whether a line is the header of version 1.
func isProxy(line []byte) bool {
	return bytes.HasPrefix(line, []byte("PROXY TCP")) || bytes.HasPrefix(line, []byte("PROXY UNKNOWN"))
}
