package sniff

import "fmt"

// Decision is what to do with a connection.
type Decision uint8

const (
	More   Decision = iota // hold what the client sent, and ask again when there is more
	Pass                   // let everything through
	Refuse                 // reset it
)

// Check decides about a connection to name, in the form of network.Rule.Name, and
// port by head, the first bytes of the client. An empty name is a connection by
// address: it passes whatever the client says. ended means that the client sends
// nothing after head: then the decision is never More. With Refuse, reason says why,
// as part of a sentence.
//
// A name that the client says must be name; a port that it says must be port. TLS
// without server name passes, HTTP without Host does not. CONNECT never does: what
// follows it is another connection, to wherever.
func Check(head []byte, ended bool, name string, port uint16) (d Decision, reason string) {
	if name == "" {
		return Pass, ""
	}
	r := Name(head, ended)
	says := "its HTTP Host is"
	switch r.Kind {
	case Partial:
		return More, ""
	case None:
		return Pass, ""
	case TLS:
		if r.Name == "" {
			return Pass, ""
		}
		says = "its TLS server name is"
	case HTTP:
		if r.Method == "CONNECT" {
			return Refuse, "it asks for a connection from there to elsewhere (HTTP CONNECT)"
		}
	default:
		return Refuse, r.Reason
	}
	if want, ok := hostname([]byte(name)); !ok || r.Name != want {
		return Refuse, fmt.Sprintf("%s %s", says, r.Name)
	}
	if r.Port != 0 && r.Port != port {
		return Refuse, fmt.Sprintf("%s %s with port %d", says, r.Name, r.Port)
	}
	return Pass, ""
}
