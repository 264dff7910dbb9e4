package mounts

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// pattern is a path with wildcards: *, ? and [...] in a component, as path.Match
// has them, and ** as a component, which is any number of folders. Two asterisks at
// the end are whatever is below. A backslash makes the next character literal.
type pattern struct {
	text  string
	parts []part
}

// part is one component of a pattern.
type part struct {
	name string // exactly this name; "": what glob says
	glob string // for path.Match
	deep bool   // any number of folders
}

// maxPattern is enough for a path of which every byte is escaped.
const maxPattern = 2 * maxPath

// parsePattern reads a pattern. It has to be absolute. ".." takes back the component
// before it, which cannot be one with wildcards.
func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	switch {
	case !path.IsAbs(text):
		return p, fmt.Errorf("the pattern %q is not absolute", text)
	case len(text) > maxPattern:
		return p, fmt.Errorf("the pattern has %d bytes; at most %d are taken", len(text), maxPattern)
	case strings.IndexByte(text, 0) >= 0:
		return p, fmt.Errorf("the pattern %q holds a NUL byte", text)
	}
	for name := range names(text) {
		next, err := parsePart(name)
		if err != nil {
			return p, fmt.Errorf("the pattern %q is malformed at %q: %w", text, name, err)
		}
		n := len(p.parts)
		switch {
		case name == ".":
		case name == "..":
			if n > 0 && p.parts[n-1].name == "" {
				return p, fmt.Errorf("the pattern %q has .. behind a wildcard", text)
			}
			p.parts = p.parts[:max(n-1, 0)]
		case next.deep && n > 0 && p.parts[n-1].deep:
		default:
			p.parts = append(p.parts, next)
		}
	}
	if n := len(p.parts); n > 0 && p.parts[n-1].deep {
		p.parts = append(p.parts, part{glob: "*"})
	}
	return p, nil
}

// fixed is the folder in which everything lies that can match: what comes before the
// first wildcard.
func (p pattern) fixed() string {
	dir := "/"
	for _, next := range p.parts {
		if next.name == "" {
			break
		}
		dir = path.Join(dir, next.name)
	}
	return dir
}

func parsePart(text string) (part, error) {
	if text == "**" {
		return part{deep: true}, nil
	}
	if _, err := path.Match(text, "x"); err != nil {
		return part{}, err
	}
	var name strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*', '?', '[':
			return part{glob: text}, nil
		case '\\':
			i++ // path.Match has seen that there is one more
		}
		name.WriteByte(text[i])
	}
	return part{name: name.String()}, nil
}

// IsPattern reports whether a text has a character in it that could be a wildcard.
func IsPattern(text string) bool { return strings.ContainsAny(text, "*?[") }

// QuotePattern is the pattern that only the path itself matches.
func QuotePattern(p string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(p)
}

// prefix is the path that all matches lie in, and how many components it has; with
// no wildcard at all, it is the path.
func (p pattern) prefix() (string, int) {
	n := slices.IndexFunc(p.parts, func(x part) bool { return x.name == "" })
	if n < 0 {
		n = len(p.parts)
	}
	var b strings.Builder
	for _, x := range p.parts[:n] {
		b.WriteString("/" + x.name)
	}
	if n == 0 {
		return "/", 0
	}
	return b.String(), n
}

// matches reports whether a part stands for a name.
func (x part) matches(name string) bool {
	if x.name != "" {
		return x.name == name
	}
	ok, _ := path.Match(x.glob, name)
	return ok
}

// state is where in a pattern one may be: indices of the parts that the next name
// can match, in order.
type state []int

// at is the state at one part: two asterisks may also stand for no folder.
func (p pattern) at(i int) state {
	if i < len(p.parts) && p.parts[i].deep {
		return state{i, i + 1}
	}
	return state{i}
}

// next is the state behind a name, whether the pattern can end with that name, and
// the part of the state that is not in the middle of two asterisks.
func (p pattern) next(s state, name string) (all, named state, ends bool) {
	for _, i := range s {
		switch x := p.parts[i]; {
		case x.deep:
			all = all.with(p.at(i))
		case !x.matches(name):
		case i+1 == len(p.parts):
			ends = true
		default:
			named = named.with(p.at(i + 1))
			all = all.with(p.at(i + 1))
		}
	}
	return all, named, ends
}

func (s state) with(more state) state {
	for _, i := range more {
		if at, ok := slices.BinarySearch(s, i); !ok {
			s = slices.Insert(s, at, i)
		}
	}
	return s
}

// exact are the names that a state waits for, if it waits for no others.
func (p pattern) exact(s state) (list []string, ok bool) {
	for _, i := range s {
		if p.parts[i].name == "" {
			return nil, false
		}
		list = append(list, p.parts[i].name)
	}
	return slices.Compact(slices.Sorted(slices.Values(list))), true
}
