package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/limits"
)

// spec is the argument of a flag about a file: fields separated by colons. A
// backslash before a colon or a backslash makes it part of a field.
type spec struct {
	fields  []string
	options map[string]string
}

// maxSpec is more than two paths of PATH_MAX can need.
const maxSpec = 1 << 15

// parseSpec splits SRC[:DST][:OPTIONS] or DST[:OPTIONS], where at most paths
// fields are paths and OPTIONS are key=value or key, separated by commas, each one
// of allowed. A field behind the first is a path if it is absolute.
func parseSpec(text string, paths int, allowed ...string) (spec, error) {
	s := spec{options: map[string]string{}}
	if len(text) > maxSpec {
		return s, fmt.Errorf("longer than %d bytes", maxSpec)
	}
	fields := splitFields(text)
	if fields[0] == "" {
		return s, fmt.Errorf("the path is empty")
	}
	if strings.IndexByte(text, 0) >= 0 {
		return s, fmt.Errorf("a path holds a NUL byte")
	}
	s.fields = fields[:1]
	rest := fields[1:]
	if len(rest) > 0 && paths > 1 && (strings.HasPrefix(rest[0], "/") || !isOptions(rest[0], allowed)) {
		s.fields = fields[:2]
		rest = rest[1:]
	}
	if len(rest) > 1 {
		return s, fmt.Errorf("too many colons (a colon in a path is written \\:)")
	}
	if len(rest) == 0 {
		return s, nil
	}
	for _, o := range strings.Split(rest[0], ",") {
		key, value, _ := strings.Cut(o, "=")
		if !slices.Contains(allowed, key) {
			return s, fmt.Errorf("unknown option %q (known: %s)", key, strings.Join(allowed, ", "))
		}
		if _, twice := s.options[key]; twice {
			return s, fmt.Errorf("option %q is given twice", key)
		}
		s.options[key] = value
	}
	return s, nil
}

func isOptions(field string, allowed []string) bool {
	key, _, _ := strings.Cut(strings.Split(field, ",")[0], "=")
	return slices.Contains(allowed, key)
}

func splitFields(text string) []string {
	var fields []string
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (text[i+1] == ':' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case c == ':':
			fields = append(fields, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(fields, b.String())
}

// flag reports a valueless option.
func (s spec) flag(name string) (bool, error) {
	value, ok := s.options[name]
	if value != "" {
		return false, fmt.Errorf("option %q has no value", name)
	}
	return ok, nil
}

// sourceTarget are the two paths of a bind: the source is made absolute, and is
// the destination if none is given.
func (s spec) sourceTarget() (source, target string, err error) {
	if source, err = filepath.Abs(s.fields[0]); err != nil {
		return "", "", err
	}
	target = source
	if len(s.fields) == 2 {
		if target = s.fields[1]; !filepath.IsAbs(target) {
			return "", "", fmt.Errorf("the destination %q is not absolute", target)
		}
		target = filepath.Clean(target)
	}
	return source, target, nil
}

// parseSize reads a number of bytes above 0, as [limits.ParseSize] does.
func parseSize(text string) (uint64, error) {
	n, err := limits.ParseSize(text)
	if err == nil && n == 0 {
		err = fmt.Errorf("%q is no size: nothing would fit in", text)
	}
	return uint64(n), err
}

// parseMode reads permission bits in octal.
func parseMode(text string) (uint32, error) {
	v, err := strconv.ParseUint(text, 8, 32)
	if err != nil || v > 0o1777 || v == 0 {
		return 0, errMode(text)
	}
	return uint32(v), nil
}

func errMode(text string) error {
	return fmt.Errorf("%q is no mode: write permission bits in octal, at most 1777", text)
}
