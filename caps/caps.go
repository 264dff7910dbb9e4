package caps

import (
	"math/bits"
	"strings"
)

// Set is a set of capabilities, bit N being capability N, as in the masks of
// /proc/PID/status. The zero value is the empty set. See capabilities(7).
type Set uint64

// None is the empty set.
const None Set = 0

// All returns the set of every capability the running kernel knows, whether or
// not the caller holds it. It fails only when [Last] does.
func All() (Set, error) {
	last, err := Last()
	if err != nil {
		return None, err
	}
	return upTo(last), nil
}

// upTo returns the capabilities 0 to last. For last 63 the shift gives 0, and the
// subtraction wraps to all ones.
func upTo(last Cap) Set { return Set(1)<<(last+1) - 1 }

// setOf returns the set of the capabilities given. Numbers outside 0 to 63 are no
// capabilities and are not in any set.
func setOf(caps ...Cap) Set {
	var s Set
	for _, c := range caps {
		if c.inRange() {
			s |= 1 << c
		}
	}
	return s
}

// Has reports whether c is in s.
func (s Set) Has(c Cap) bool { return s&setOf(c) != 0 }

// With returns s and the capabilities given. A number outside 0 to 63 is no
// capability and adds nothing.
func (s Set) With(caps ...Cap) Set { return s | setOf(caps...) }

// Without returns s less the capabilities given.
func (s Set) Without(caps ...Cap) Set { return s &^ setOf(caps...) }

// Union returns what is in s, in t, or in both.
func (s Set) Union(t Set) Set { return s | t }

// Intersect returns what is in both s and t.
func (s Set) Intersect(t Set) Set { return s & t }

// Minus returns what is in s and not in t. s is a subset of t when it is [None].
func (s Set) Minus(t Set) Set { return s &^ t }

// List returns the capabilities in s in rising order; nil for the empty set.
func (s Set) List() []Cap {
	var list []Cap
	for rest := uint64(s); rest != 0; rest &= rest - 1 {
		list = append(list, Cap(bits.TrailingZeros64(rest)))
	}
	return list
}

// String returns the names in rising order of number, "cap_chown,cap_kill";
// "none" for the empty set; and "all" for exactly what [All] returns. When the
// kernel cannot be asked, the names are written out.
func (s Set) String() string {
	if s == None {
		return "none"
	}
	if all, err := All(); err == nil && s == all {
		return "all"
	}
	var names []string
	for _, c := range s.List() {
		names = append(names, c.String())
	}
	return strings.Join(names, ",")
}
