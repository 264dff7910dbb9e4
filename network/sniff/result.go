package sniff

// Max is how many bytes of a connection are looked at. What is not clear by then is
// [Bad].
const Max = 32 << 10

// Kind is what the first bytes of a connection are.
type Kind uint8

const (
	Partial Kind = iota // not clear yet: more bytes are needed
	None                // neither TLS nor HTTP
	TLS                 // a ClientHello
	HTTP                // the head of a request
	Bad                 // begins like TLS or HTTP, and is not understood
)

// Result is what the first bytes of a connection say.
type Result struct {
	Kind Kind

	// Name is the host: in lower case, without port, brackets and final dot. Empty
	// with TLS: the client names none.
	Name string

	// Port is that which follows the host in HTTP; 0: none.
	Port uint16

	// Method is that of HTTP.
	Method string

	// Reason is, with Bad, what was not understood, as part of a sentence.
	Reason string
}

func bad(reason string) Result { return Result{Kind: Bad, Reason: reason} }

// Name says what head, the first bytes of a connection, is. ended means that nothing
// follows: then the result is never Partial. More bytes after head never change a
// result other than Partial.
//
// None is what no server takes for TLS or HTTP, and an SSL 2.0 ClientHello, which has
// no room for a name.
func Name(head []byte, ended bool) Result {
	full := len(head) >= Max
	if full {
		head, ended = head[:Max], false
	}
	r := hello(head)
	if r.Kind == None {
		r = request(head, ended)
	}
	switch {
	case r.Kind != Partial:
	case full:
		r = bad("the name does not come within the first 32 KiB")
	case ended && len(head) == 0:
		r = Result{Kind: None}
	case ended:
		r = bad("the client stopped before it said a name")
	}
	return r
}
