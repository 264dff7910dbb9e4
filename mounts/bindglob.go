package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// BindGlob is a [Bind] for everything on the host that matches a pattern now. [Compile]
// makes binds of it, and so does [Expand].
//
// In the pattern *, ? and [...] are as in [path.Match], within one component; a component ** is
// any number of folders, at the end whatever is below. A wildcard matches a dot at the
// start of a name too; ** goes through no symlink, and one that a wildcard matches may not lead
// out of the folder before the first wildcard. A backslash makes the next character literal. Below a
// folder that matches nothing more is looked for. A symlink that leads nowhere is no
// match. At most 10,000 matches and 1,000,000 names looked at.
//
// With an empty Target each match is shown at its own path; with one that ends in a
// slash, each below it by its name; with any other only one may match. Unless Try is
// set, one has to.
type BindGlob struct {
	Pattern string // absolute, on the host
	Bind           // Source: the pattern as a name, which is meant if it is there and nothing else matches; may be empty
}

// Where is the target, which may be empty.
func (b BindGlob) Where() string { return b.Target }

func (b BindGlob) String() string {
	b.Source = b.Pattern
	if b.Target == "" {
		b.Target = b.Source
	}
	return b.Bind.String()
}

func (b BindGlob) check() error {
	_, err := parsePattern(b.Pattern)
	if err != nil && b.Source == "" { // else it may be a name
		return err
	}
	if b.Target == "" {
		return nil
	}
	err = checkTarget(b.Target)
	if errors.Is(err, errRoot) && strings.HasSuffix(b.Target, "/") {
		return nil // what is shown lies in the root
	}
	return err
}

func (b BindGlob) compile(*tree) error {
	panic("BUG: mounts: a pattern is compiled before it is expanded")
}

// Expand replaces every [BindGlob] among entries by the binds that it stands for now. It
// looks at the host's files and changes nothing. It fails with an [*Error].
func Expand(entries []Entry) ([]Entry, error) {
	for i, e := range entries {
		if _, ok := e.(BindGlob); !ok {
			continue
		}
		list := entries[:i:i]
		for _, e := range entries[i:] {
			b, ok := e.(BindGlob)
			if !ok {
				list = append(list, e)
				continue
			}
			binds, err := b.expand()
			if err != nil {
				return nil, wrap(e, err)
			}
			list = append(list, binds...)
		}
		return list, nil
	}
	return entries, nil
}

func (b BindGlob) expand() ([]Entry, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	matches, err := hostMatches(b.Pattern)
	if b.Source != "" && (len(matches) != 1 || matches[0] != b.Source) {
		if _, err := os.Lstat(b.Source); err == nil {
			if len(matches) > 0 {
				return nil, advise(fmt.Errorf("there is a %s, and as a pattern it matches %s too", b.Source, other(matches, b.Source)),
					"a backslash before each *, ? and [ makes it the name, [*] in place of * the pattern")
			}
			literal := b.Bind
			if literal.Target == "" {
				literal.Target = literal.Source
			}
			return []Entry{literal}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	into := strings.HasSuffix(b.Target, "/")
	switch {
	case len(matches) == 0 && b.Try:
		return nil, nil
	case len(matches) == 0:
		return nil, withErrno{fmt.Errorf("nothing matches %s", b.Pattern), fs.ErrNotExist}
	case len(matches) > 1 && b.Target != "" && !into:
		return nil, advise(fmt.Errorf("%d names match, and only one can be shown on %s", len(matches), b.Target),
			"end the destination with a slash: %s/ gets each by its name", b.Target)
	}
	pattern, err := parsePattern(b.Pattern)
	if err != nil {
		return nil, err
	}
	within, err := filepath.EvalSymlinks(pattern.fixed())
	if err != nil {
		return nil, err
	}
	entries, taken := make([]Entry, len(matches)), map[string]string{}
	for i, m := range matches {
		bind := b.Bind
		bind.Source, bind.within = m, within
		switch {
		case into:
			bind.Target = path.Join(b.Target, path.Base(m))
		case b.Target == "":
			bind.Target = m
		}
		if before, ok := taken[bind.Target]; ok {
			return nil, fmt.Errorf("%s and %s both match, and only one can be shown on %s", before, m, bind.Target)
		}
		taken[bind.Target] = m
		entries[i] = bind
	}
	return entries, nil
}

// other is one of the matches that is not the name.
func other(matches []string, name string) string {
	if matches[0] == name {
		return matches[1]
	}
	return matches[0]
}

// withErrno is an error that is another one too.
type withErrno struct {
	error
	is error
}

func (w withErrno) Unwrap() []error { return []error{w.error, w.is} }
