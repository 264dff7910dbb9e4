package dns

import (
	"strconv"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// maxName is the length of a name without its final dot, RFC 1035 3.1.
const maxName = 253

// canonical is a name in lower case, without the final dot. ok is false if it cannot be
// a host's: with other bytes than letters, digits, hyphen and underscore, or ending in
// a number, for which everything that connects would take it as an address.
func canonical(n dnsmessage.Name) (name string, ok bool) {
	raw := n.Data[:n.Length]
	if len(raw) > 0 && raw[len(raw)-1] == '.' {
		raw = raw[:len(raw)-1]
	}
	if len(raw) == 0 || len(raw) > maxName {
		return "", false
	}
	var low [maxName]byte
	for i, c := range raw {
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return escaped(raw), false
		}
		low[i] = c
	}
	name = string(low[:len(raw)])
	return name, !numeric(name[strings.LastIndexByte(name, '.')+1:])
}

// numeric reports whether a label is a number as inet_aton(3) reads it, such as 10 or
// 0x7f.
func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// escaped is a name that no host has, for reports: printable, RFC 1035 5.1.
func escaped(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		switch {
		case 'A' <= c && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			b.WriteByte('\\')
			b.WriteString(strconv.Itoa(1000 + int(c))[1:])
		}
	}
	return b.String()
}

// isLocalhost reports whether a name means the sandbox itself, RFC 6761 6.3.
func isLocalhost(name string) bool {
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
