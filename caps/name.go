package caps

import (
	"fmt"
	"strings"
)

// maxName bounds the names looked at, in bytes. The longest of Linux 6.x, with
// its prefix, has 22.
const maxName = 64

// Parse returns the set that name stands for: one capability, with or without
// "cap_" ("cap_net_admin", "NET_ADMIN"), or every one the running kernel knows
// ("all", which takes no prefix). Case does not matter, for the letters of ASCII
// only. A capability the kernel has and this package has no name for is read in
// the form [Cap.String] prints, "cap_42"; a number that has a name is not read.
//
// Everything else is an [*UnknownError]: lists, surrounding space, the empty
// string, and a capability that only other kernels have. When the kernel cannot
// be asked, the error is that of [Last].
func Parse(name string) (Set, error) {
	last, err := Last()
	if err != nil {
		return None, fmt.Errorf("parse capability %s: %w", quote(name), err)
	}
	return parse(name, last)
}

func parse(name string, last Cap) (Set, error) {
	if !plain(name) {
		return None, &UnknownError{Name: name}
	}
	lower := strings.ToLower(name)
	if lower == "all" {
		return upTo(last), nil
	}
	bare := strings.TrimPrefix(lower, prefix)
	for c := Cap(0); c <= last; c++ {
		if prefix+bare == c.String() {
			return setOf(c), nil
		}
	}
	return None, &UnknownError{Name: name, Close: closeNames(bare, last)}
}

// plain reports whether name is no longer than a name can be and has only the
// bytes of one. It keeps out what Unicode would fold into ASCII, such as the Kelvin sign for k.
func plain(name string) bool {
	if len(name) > maxName {
		return false
	}
	for _, b := range []byte(name) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_':
		default:
			return false
		}
	}
	return true
}

// UnknownError says that the running kernel has no capability of a name.
type UnknownError struct {
	Name  string   // as given
	Close []string // at most three names the kernel has, the closest first
}

// Error names what was asked for, quoted, and the names close to it. A name too
// long to be one is shown by its beginning and its length.
func (e *UnknownError) Error() string {
	msg := "parse capability " + quote(e.Name) + ": this kernel has none of that name"
	if len(e.Close) > 0 {
		msg += "; close: " + strings.Join(e.Close, ", ")
	}
	return msg
}

func quote(name string) string {
	if len(name) > maxName {
		return fmt.Sprintf("%q... (%d bytes)", name[:maxName], len(name))
	}
	return fmt.Sprintf("%q", name)
}
