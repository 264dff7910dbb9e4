package seccomp

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseValue reads an argument of a call: a number as Go writes it (0x10, 0o17, 0b1, and
// 017), or names of constants, CLONE_NEWUSER|CLONE_NEWNS. A name that is not known
// is an error; which ones are is what common filters need.
func ParseValue(word string) (uint64, error) {
	var v uint64
	for part := range strings.SplitSeq(word, "|") {
		n, err := parseOne(part)
		if err != nil {
			return 0, err
		}
		v |= n
	}
	return v, nil
}

func parseOne(word string) (uint64, error) {
	if word == "" {
		return 0, fmt.Errorf("a value is missing: want numbers or names of constants, joined by | without blanks")
	}
	if isDigit(word[0]) {
		n, err := strconv.ParseUint(word, 0, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no number of at most 64 bits, without sign", word)
		}
		return n, nil
	}
	var names []string
	for f := range families {
		for _, c := range f.constants() {
			if c.name == word {
				return c.value, nil
			}
			names = append(names, c.name)
		}
	}
	return 0, fmt.Errorf("%q is no constant that is known here%s; its number will do", word, didYouMean(word, names))
}

// format is v by name, if the family has names for all of it, or else as a number.
func (f family) format(v uint64) string {
	var names []string
	rest := v
	for _, c := range f.constants() {
		switch {
		case c.value == v:
			return c.name
		case f.flags() && c.value != 0 && rest&c.value == c.value:
			names = append(names, c.name)
			rest &^= c.value
		}
	}
	if rest == 0 && len(names) > 0 {
		return strings.Join(names, "|")
	}
	if v < 256 {
		return strconv.FormatUint(v, 10)
	}
	return "0x" + strconv.FormatUint(v, 16)
}

// family is what all calls of the rule have in an argument.
func (r *Rule) family(arg int) family {
	var all family
	for i, call := range r.Calls {
		f := familyOf(call, arg)
		if i > 0 && f != all {
			return noFamily
		}
		all = f
	}
	return all
}

// familyOf is what a call has in an argument.
func familyOf(call string, arg int) family {
	is := func(n int, f family) family {
		if arg == n {
			return f
		}
		return noFamily
	}
	switch call {
	case "clone", "unshare":
		return is(0, cloneFlags)
	case "setns":
		return is(1, cloneFlags)
	case "socket", "socketpair":
		if arg == 2 {
			return protocol
		}
		return is(0, addressFamily)
	case "ioctl":
		return is(1, terminalRequest)
	case "open":
		if arg == 2 {
			return fileMode
		}
		return is(1, openFlags)
	case "openat":
		if arg == 3 {
			return fileMode
		}
		return is(2, openFlags)
	case "chmod", "fchmod", "creat", "mknod", "mkdir":
		return is(1, fileMode)
	case "fchmodat", "fchmodat2", "mknodat", "mkdirat":
		return is(2, fileMode)
	case "personality":
		return is(0, persona)
	case "prctl":
		return is(0, prctlOption)
	case "ptrace":
		return is(0, ptraceRequest)
	case "mprotect", "pkey_mprotect", "mmap":
		return is(2, protection)
	}
	return noFamily
}
