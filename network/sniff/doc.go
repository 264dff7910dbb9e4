// Package sniff reads, of the first bytes of a connection, which host the client says
// it wants: the server name of a TLS ClientHello, the Host of an HTTP request. It says
// whether that is the host that the connection was made to.
//
// It must never panic, nor take more than linear time, whatever the bytes are. It must
// never take for another protocol what a lenient server would take for TLS or HTTP:
// what is one of these and not understood is refused. It must never change its mind:
// what is said of some bytes stays true when more follow. It decrypts nothing, and sees
// only the first request of a connection.
//
// It follows RFC 8446 and RFC 6066 (ClientHello, server_name), RFC 9110 and RFC 9112
// (HTTP/1.1), RFC 9113 and RFC 7541 (HTTP/2, HPACK).
package sniff
