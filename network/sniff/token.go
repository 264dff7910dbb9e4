package sniff

import "bytes"

// blanks are what some server takes for a separator in the request line.
const blanks = " \t\v\f\r"

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' && c != '\n' }

// isSpace is for what comes before a request, and behind its method: some servers split the
// line at all that is white in ISO 8859-1, as Python does.
func isSpace(c byte) bool {
	return isBlank(c) || c == '\n' || 0x1c <= c && c <= 0x1f || c == 0x85 || c == 0xa0
}

// spaceLen is how many bytes b begins with that are space.
func spaceLen(b []byte) int {
	for i, c := range b {
		if !isSpace(c) {
			return i
		}
	}
	return len(b)
}

// isControl is for text in which blanks are allowed.
func isControl(c rune) bool { return c < ' ' && !isBlank(byte(c)) && c != '\n' || c == 0x7f }

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// tokenLen is how many bytes of a token b begins with (RFC 9110, 5.6.2).
func tokenLen(b []byte) int {
	for i, c := range b {
		if !isAlpha(c) && !('0' <= c && c <= '9') && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return i
		}
	}
	return len(b)
}

// isMethod reports whether a token is a method that every server knows, in any case.
func isMethod(token []byte) bool {
	for _, m := range [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"} {
		if bytes.EqualFold(token, []byte(m)) {
			return true
		}
	}
	return false
}
