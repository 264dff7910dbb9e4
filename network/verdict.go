package network

// Verdict is what the rules say of one connection, or datagram.
type Verdict struct {
	Allowed bool

	// Rule is the rule that decided: of Policy.Allow if it is allowed, of Policy.Deny if
	// it is denied. Nil: no rule did, which with Open may be allowed. It is not to be
	// changed.
	Rule *Rule

	// Reason is why it is not allowed, for a line of text or a log: "no rule names it",
	// "denied by --deny example.org", "a private address". Empty if it is.
	Reason string

	// Flag is what the caller would have to write to allow it: "--allow example.org:443".
	// Empty: it is allowed, or no flag does.
	Flag string
}
