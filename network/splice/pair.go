package splice

import "github.com/usandbox/usandbox/network/sniff"

// Pair is two connected sockets whose bytes go from one to the other.
type Pair struct {
	// Client and Server are connected stream sockets, O_NONBLOCK and close-on-exec,
	// of which no other descriptor exists. Join takes them over.
	Client, Server int

	// Accepted says that Client is a TCP socket that was accepted by one that Prepare was
	// called for.
	Accepted bool

	// Inspect, if not nil, sees what the client sends, from its first byte on, before
	// the server gets any of it: again and again with more, until it returns Pass or
	// Refuse (whose reason goes to Totals.Reason). ended means that nothing follows.
	// What the server sends is not held back meanwhile. It runs in the pump's
	// goroutine: it must be quick, and must not keep head.
	Inspect func(head []byte, ended bool) (d sniff.Decision, reason string)

	// Published says that the server is what Drain takes for ended, in place of the client.
	Published bool

	// Key, if not nil, is what Cut is told to end the pair. It must be comparable.
	Key any

	// Done, if not nil, is called once, when both sockets are closed. It runs in the
	// pump's goroutine: it must be quick, and must not call Close.
	Done func(Totals)
}

// End is how a pair ended.
type End uint8

const (
	EOF         End = iota // both sides have sent all, and it was delivered
	ClientReset            // the client's connection broke
	ServerReset            // the server's connection broke
	Refused                // by Inspect
	HoldTimeout            // Inspect was undecided for too long
	IdleTimeout            // Limits.Idle
	Stuck                  // a peer did not read, and Limits.Leftover was used up
	Closed                 // by Pump.Close
	CutOff                 // by Pump.Cut
)

// Totals is what became of a pair.
type Totals struct {
	Out, In uint64 // bytes given to the server's, the client's socket
	End     End
	Reason  string // with Refused and HoldTimeout: why, as part of a sentence
	Err     error  // with ClientReset and ServerReset: what the socket said
}

// Stats is what a pump has at a moment.
type Stats struct {
	Pairs    int // joined and not done
	Pipes    int // open
	Leftover int // bytes in memory
}
