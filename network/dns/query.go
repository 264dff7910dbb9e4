package dns

import (
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// Query is what is told of a question that was answered.
type Query struct {
	// Name is what was asked for, in lower case, without the final dot. Bytes that do not
	// belong into the name of a host are written as \DDD, RFC 1035. Empty: the root,
	// or the question could not be read.
	Name string

	// Type is the type of record, 0 if the question could not be read.
	Type dnsmessage.Type

	Verdict Verdict
	Client  netip.AddrPort // in the sandbox; invalid if it cannot be told
	Stream  bool           // over TCP
}

// Verdict says how a question was answered.
type Verdict uint8

const (
	Answered   Verdict = iota // with records
	NoData                    // the name exists, without such records
	NotAllowed                // NXDOMAIN: no rule lets the name be connected to
	NoSuchName                // NXDOMAIN: it is allowed, or an address, and does not exist
	Failed                    // SERVFAIL: whether it exists could not be found out, or a limit was reached
	Denied                    // REFUSED: a type, class or operation that is not answered
	Malformed                 // FORMERR or BADVERS
)

// String is a word for logs: answered, no-data, not-allowed, no-such-name, failed,
// refused, malformed.
func (v Verdict) String() string {
	switch v {
	case Answered:
		return "answered"
	case NoData:
		return "no-data"
	case NotAllowed:
		return "not-allowed"
	case NoSuchName:
		return "no-such-name"
	case Failed:
		return "failed"
	case Denied:
		return "refused"
	case Malformed:
		return "malformed"
	}
	return "unknown"
}

// TypeName is the name of a type of record, such as AAAA, or TYPE1234, RFC 3597.
func TypeName(t dnsmessage.Type) string {
	return typeName(t)
}
