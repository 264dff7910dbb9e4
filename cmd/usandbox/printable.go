package main

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usandbox/usandbox/internal/near"
)

// printable makes text safe for a terminal: a byte or character that is not
// printable, as a file name may hold, is escaped as in a Go string.
func printable(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			b.WriteString(`\x` + strconv.FormatUint(uint64(text[i])|0x100, 16)[1:])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// nearest is before + the name in names that is closest to what was typed, as a
// question; "" if none is close.
func nearest(typed string, names []string, before string) string {
	best, at := "", len(typed)/3+2
	for _, n := range names {
		if d := near.Distance(typed, n); d < at {
			best, at = n, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean " + before + best + "?"
}
