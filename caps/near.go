package caps

import (
	"slices"
	"strings"

	"github.com/usandbox/usandbox/internal/near"
)

const (
	maxClose = 3

	// maxEdits is how far off a name can be and still be a slip of the hand. Two
	// letters swapped are two edits.
	maxEdits = 2

	// minPart is the shortest piece of a name that says something about it.
	minPart = 3
)

// closeNames returns the names, at most three, that someone who wrote bare may
// have meant: those few edits away, and those that have bare in them or are in it.
// The nearest come first; names equally near keep the order of their numbers.
func closeNames(bare string, last Cap) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	for c := Cap(0); c <= last; c++ {
		name, ok := c.bareName()
		if !ok {
			continue
		}
		d := near.Distance(bare, name)
		if d <= min(maxEdits, len(name)/2, len(bare)/2) || contains(name, bare) || contains(bare, name) {
			found = append(found, candidate{c.String(), d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })

	var names []string
	for _, f := range found[:min(len(found), maxClose)] {
		names = append(names, f.name)
	}
	return names
}

func contains(whole, part string) bool {
	return len(part) >= minPart && strings.Contains(whole, part)
}
