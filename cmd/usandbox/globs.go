package main

import (
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/mounts"
)

// A path of --ro, --rw and --hide that has a *, ? or [ in it is a pattern, in which a
// backslash makes the next character literal: also a colon or a backslash, so that the
// escapes of a path hold in a pattern too. The same text is a name as well, in
// which only colons and backslashes have been escaped; if that exists it is meant.

// rawField is the first field of an argument as it is written.
func rawField(text string) string {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ':':
			return text[:i]
		}
	}
	return text
}

// absolutePattern makes a pattern of the current folder one of the root.
func absolutePattern(raw string) (string, error) {
	if strings.HasPrefix(raw, "/") {
		return raw, nil
	}
	dir, err := filepath.Abs(".")
	return mounts.QuotePattern(dir) + "/" + raw, err
}

// bindGlob is the entry for a bind whose source, as it is written, is a pattern.
func bindGlob(b mounts.Bind, raw string, s spec) (mounts.Entry, error) {
	pattern, err := absolutePattern(raw)
	if err != nil {
		return nil, err
	}
	switch {
	case len(s.fields) == 1:
		b.Target = ""
	case strings.HasSuffix(s.fields[1], "/") && b.Target != "/":
		b.Target += "/"
	}
	return mounts.BindGlob{Pattern: pattern, Bind: b}, nil
}

// parseHide is the entry of --hide.
func parseHide(arg, origin string) (mounts.Entry, error) {
	e, err := here(func(dst, origin string) mounts.Entry {
		if strings.HasSuffix(arg, "/") && dst != "/" {
			dst += "/"
		}
		return mounts.Hide{Target: dst, Origin: origin}
	})(arg, origin)
	if err != nil || !mounts.IsPattern(arg) {
		return e, err
	}
	pattern, err := absolutePattern(arg)
	return mounts.HideGlob{Pattern: pattern, Target: filepath.Clean(e.Where()), Origin: origin}, err
}
