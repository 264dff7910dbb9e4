package idmap

import "strconv"

// maxQuote is how many bytes of foreign text an error repeats.
const maxQuote = 512

// quote makes text that somebody else wrote safe to print, and bounded.
func quote(s string) string {
	if len(s) > maxQuote {
		return strconv.Quote(s[:maxQuote]) + "..."
	}
	return strconv.Quote(s)
}
