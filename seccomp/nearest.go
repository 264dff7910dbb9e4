package seccomp

import (
	"github.com/usandbox/usandbox/internal/near"
)

// didYouMean is "; did you mean NAME?" with the one of names that is closest to what
// was typed, or empty if none is close.
func didYouMean(typed string, names []string) string {
	best, least := "", 3
	if len(typed) <= 64 {
		for _, name := range names {
			if d := near.Distance(typed, name); d < least && d < len(typed) {
				best, least = name, d
			}
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// callNames are the names of all calls that the table knows.
func callNames() []string {
	names := make([]string, len(nameEnds))
	for i := range names {
		names[i] = nameAt(i)
	}
	return names
}
