package network

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// toASCII guesses how DNS spells a name with other letters (RFC 3492), for a hint. Not
// ok: it may be spelled in several ways, and a guess could be another name.
func toASCII(name string) (string, bool) {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	for i, label := range labels {
		if !utf8.ValidString(label) || len(label) > maxLabel {
			return "", false
		}
		runes := []rune(label)
		ascii := true
		for j, r := range runes {
			runes[j] = unicode.ToLower(r)
			if r > unicode.MaxASCII {
				ascii = false
				if !unicode.IsLetter(r) || unicode.IsMark(r) {
					return "", false
				}
			}
		}
		labels[i] = string(runes)
		if !ascii {
			labels[i] = "xn--" + punycode(runes)
		}
	}
	ace := strings.Join(labels, ".")
	_, err := CheckName(ace)
	return ace, err == nil
}

// punycode is the encoding of RFC 3492 section 6.3. A label is short: nothing overflows.
func punycode(runes []rune) string {
	const base, tmin, tmax, skew, damp = 36, 1, 26, 38, 700
	digit := func(d int) byte {
		if d < 26 {
			return byte('a' + d)
		}
		return byte('0' + d - 26)
	}
	var out []byte
	for _, r := range runes {
		if r <= unicode.MaxASCII {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(128), 0, 72
	for done := basic; done < len(runes); {
		next := rune(unicode.MaxRune)
		for _, r := range runes {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tmin), tmax)
				if q < t {
					break
				}
				out = append(out, digit(t+(q-t)%(base-t)))
				q = (q - t) / (base - t)
			}
			out = append(out, digit(q))
			d := delta / 2
			if done == basic {
				d = delta / damp
			}
			d += d / (done + 1)
			k := 0
			for ; d > (base-tmin)*tmax/2; k += base {
				d /= base - tmin
			}
			bias = k + (base-tmin+1)*d/(d+skew)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return string(out)
}
