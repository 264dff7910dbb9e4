package network

import (
	"strings"
	"unicode"
)

const (
	maxName  = 253 // of a name in text form, RFC 1035 section 2.3.4
	maxLabel = 63
)

// CheckName returns a name as the rules have it: lower case, without the final dot. It
// refuses what is no name of a host: an address, however it is spelled (a name whose
// last label is a number is one to inet_aton(3) and to browsers), a wildcard, and what
// is not ASCII.
func CheckName(name string) (string, error) {
	checked, err := asciiName(name)
	if err != nil {
		return "", err
	}
	labels := strings.Split(checked, ".")
	for _, label := range labels {
		if err := checkLabel(name, label); err != nil {
			return "", err
		}
	}
	if last := labels[len(labels)-1]; numeric(last) {
		return "", problem(name, "a name whose last part is a number is an address spelled oddly", "write the address as four numbers, 192.0.2.1, or in brackets, [2001:db8::1]")
	}
	if checked == "localhost" || strings.HasSuffix(checked, ".localhost") {
		return "", problem(name, "localhost is the sandbox itself, inside of it", "give the host's loopback a name: --hosts host.internal=127.0.0.1 --allow host.internal:PORT")
	}
	return checked, nil
}

// checkWildcard is CheckName for what follows "*.".
func checkWildcard(spec, below string) (string, error) {
	name, err := CheckName(below)
	if err != nil {
		return "", respell(err, spec)
	}
	if !strings.Contains(name, ".") {
		return "", problem(spec, "that is every name of a top-level domain", "name a domain below it, as *.example."+name)
	}
	if len(name)+2 > maxName {
		return "", problem(spec, "the name is too long", "")
	}
	return "*." + name, nil
}

func asciiName(name string) (string, error) {
	switch {
	case name == "":
		return "", problem(`""`, "the name is empty", "")
	case len(name) > 4*maxName:
		return "", problem(name[:40]+"...", "the name is too long", "")
	}
	for _, r := range name {
		if r > unicode.MaxASCII {
			hint := "write the name as DNS has it, with xn--"
			if ace, ok := toASCII(name); ok {
				hint = "write it as DNS has it: " + ace
			}
			return "", problem(name, "the name is not ASCII", hint)
		}
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if len(name) > maxName {
		return "", problem(name[:40]+"...", "the name is too long", "")
	}
	if name == "" {
		return "", problem(".", "the root of all names is no host", "")
	}
	return name, nil
}

func checkLabel(name, label string) error {
	switch {
	case label == "":
		return problem(name, "a part of the name is empty", "")
	case len(label) > maxLabel:
		return problem(name, "a part of the name is longer than 63 bytes", "")
	case label == "*" || strings.Contains(label, "*"):
		return problem(name, "a * stands alone, as the first part, for all names below: *.example.org", "")
	case label[0] == '-' || label[len(label)-1] == '-':
		return problem(name, "a part of the name begins or ends with a hyphen", "")
	}
	for i := range len(label) {
		if c := label[i]; c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return problem(name, "a name has letters, digits, hyphens and dots only", "")
		}
	}
	return nil
}

// numeric reports whether inet_aton(3), or a browser, would read a last label as a
// number: all digits, or 0x and hexadecimal digits.
func numeric(label string) bool {
	if strings.HasPrefix(label, "0x") {
		return strings.Trim(label[2:], "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// respell is err about what was written.
func respell(err error, spec string) error {
	if e, ok := err.(*SyntaxError); ok {
		c := *e
		c.Spec = spec
		return &c
	}
	return err
}
