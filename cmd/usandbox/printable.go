package main

import (
	"github.com/usandbox/usandbox/internal/near"
	safe "github.com/usandbox/usandbox/internal/printable"
)

// printable makes text safe for a terminal.
func printable(text string) string { return safe.Text(text) }

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
