package seccomp

import (
	"math"
	"slices"
	"sort"
)

// span is a range of numbers with the same outcome, up to where the next begins.
type span struct {
	first uint32
	outcome
}

// section is the code for all numbers of the architectures that share an audit number.
func (c *compiler) section(audit uint32) label {
	spans := c.spans(audit)
	for _, s := range spans { // the code of each, before what jumps to it
		c.block(s.outcome)
	}
	start := c.search(spans)
	for _, nr := range slices.Backward(c.hot(audit)) {
		i := sort.Search(len(spans), func(i int) bool { return spans[i].first > nr }) - 1
		start = c.jump(jeq, nr, c.block(spans[i].outcome), start)
	}
	return c.before(start, ldAbs, offsetNumber)
}

// spans are the ranges of all numbers, in order.
func (c *compiler) spans(audit uint32) (spans []span) {
	add := func(first uint32, o outcome) {
		if n := len(spans); n == 0 || !spans[n-1].equal(o) {
			spans = append(spans, span{first, o})
		}
	}
	segment := func(arch Arch, first, last uint32) {
		if !slices.Contains(c.policy.arches(), arch) {
			add(first, outcome{final: c.policy.Foreign.value()})
			return
		}
		unknown := outcome{final: c.policy.Unknown.value()}
		next := first // the first number that nothing is said about
		for _, k := range known(arch) {
			if k.nr < first || k.nr > last {
				continue
			}
			if k.nr > next {
				add(next, unknown)
			}
			add(k.nr, c.outcomeOf(k.name))
			next = k.nr + 1
		}
		if next <= last {
			add(next, unknown)
		}
	}
	if audit != AMD64.Audit() {
		segment(archOf(audit, 0), 0, math.MaxUint32)
		return spans
	}
	segment(AMD64, 0, x32Bit-1)
	segment(X32, x32Bit, 2*x32Bit-1)
	segment(AMD64, 2*x32Bit, 3*x32Bit-1)
	segment(X32, 3*x32Bit, skipped-1)
	segment(AMD64, skipped, skipped)
	return spans
}

// numbered is a name of the table with its number.
type numbered struct {
	nr   uint32
	name int
}

// known are the calls of an architecture by number.
func known(arch Arch) []numbered {
	list := make([]numbered, 0, len(nameEnds))
	bit := uint32(0)
	if arch == X32 {
		bit = x32Bit
	}
	for nr, i := range nameOf[arch] {
		if i != 0 {
			list = append(list, numbered{uint32(nr) | bit, int(i) - 1})
		}
	}
	if arch != ARM {
		return list
	}
	private := len(list)
	for i := range nameEnds {
		if nr, ok := numberAt(arch, i); ok && nr >= privateARM {
			list = append(list, numbered{nr, i})
		}
	}
	slices.SortFunc(list[private:], func(a, b numbered) int { return int(a.nr) - int(b.nr) })
	return list
}

// search is the binary search for a number's outcome.
func (c *compiler) search(spans []span) label {
	n := len(spans)
	switch {
	case n == 1:
		return c.block(spans[0].outcome)
	case n == 3 && spans[1].first+1 == spans[2].first && spans[0].equal(spans[2].outcome):
		// One number among others: one comparison instead of two.
		return c.jump(jeq, spans[1].first, c.block(spans[1].outcome), c.block(spans[0].outcome))
	}
	above := c.search(spans[n/2:])
	below := c.search(spans[:n/2])
	return c.jump(jge, spans[n/2].first, above, below)
}

// hotCalls are made often, and may have conditions.
var hotCalls = [...]string{"openat", "ioctl", "open", "read", "write", "futex", "mmap", "mprotect", "fcntl", "clone", "socket"}

// maxHot is how many are looked for first.
const maxHot = 3

// hot are the numbers of the hot calls that have conditions.
func (c *compiler) hot(audit uint32) (numbers []uint32) {
	arch := archOf(audit, 0)
	if !slices.Contains(c.policy.arches(), arch) {
		return nil
	}
	for _, name := range hotCalls {
		i, _ := indexOf(name)
		if nr, ok := numberAt(arch, i); ok && len(c.outcomeOf(i).rules) > 0 && len(numbers) < maxHot {
			numbers = append(numbers, nr)
		}
	}
	return numbers
}
