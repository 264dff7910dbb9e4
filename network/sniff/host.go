package sniff

import (
	"net/netip"
	"strconv"
	"strings"
)

const nameMax = 253 // RFC 1035, 2.3.4, as text

// hostname gives a name its one form: lower case, without a final dot. It takes
// letters, digits, "-", "_" and dots alone: what escapes or encodes is nobody's name.
func hostname(b []byte) (string, bool) {
	if n := len(b); n > 0 && b[n-1] == '.' {
		b = b[:n-1]
	}
	if len(b) == 0 || len(b) > nameMax || b[0] == '.' || b[len(b)-1] == '.' {
		return "", false
	}
	for _, c := range b {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return "", false
		}
	}
	return strings.ToLower(string(b)), true
}

// authority reads a host with or without port: uri-host [ ":" port ] (RFC 9110, 7.2).
// Without, or with an empty one, the port is 0.
func authority(b []byte) (host string, port uint16, ok bool) {
	s := string(b)
	var digits string
	if strings.HasPrefix(s, "[") {
		literal, after, found := strings.Cut(s[1:], "]")
		a, err := netip.ParseAddr(literal)
		if !found || err != nil || !a.Is6() || a.Zone() != "" || after != "" && after[0] != ':' {
			return "", 0, false
		}
		host, digits = a.String(), strings.TrimPrefix(after, ":")
	} else {
		s, digits, _ = strings.Cut(s, ":")
		if host, ok = hostname([]byte(s)); !ok {
			return "", 0, false
		}
	}
	if digits == "" {
		return host, 0, true
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 || digits[0] == '0' || digits[0] == '+' {
		return "", 0, false
	}
	return host, uint16(n), true
}
