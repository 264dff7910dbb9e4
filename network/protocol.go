package network

// String is "any", "tcp" or "udp".
func (p Protocol) String() string {
	switch p {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	}
	return "any"
}

// covers reports whether a rule for p is one for q.
func (p Protocol) covers(q Protocol) bool { return p == Any || p == q }
