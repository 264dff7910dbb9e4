package mounts

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// HideGlob is [Hide] for everything that matches a pattern in the file tree as the
// entries before it have built it: what is in file systems of the sandbox's own, and
// what mounts of the host hold when [Compile] looks. Nothing need match. The pattern is
// that of [BindGlob], with the same bounds; it is not looked into file systems that only
// the kernel knows, as a proc: there a name without a wildcard can be hidden.
//
// A symlink stands for what it leads to in the new tree: that has to match as well, or
// be hidden already, else the name would still lead to it. Compile fails then.
//
// Warning: a name that is made between Compile and the mount is not hidden.
type HideGlob struct {
	Pattern string // absolute, in the sandbox
	Target  string // the pattern as a name, which is hidden, too; may be empty
	Origin  string
}

// Where is the pattern.
func (h HideGlob) Where() string  { return h.Pattern }
func (h HideGlob) origin() string { return h.Origin }
func (h HideGlob) String() string { return "hide " + h.Pattern }

func (h HideGlob) check() error {
	p, err := parsePattern(h.Pattern)
	switch {
	case err != nil && h.Target == "": // else it may be a name
		return err
	case err == nil && len(p.parts) == 0:
		return errRoot
	case h.Target != "":
		return checkTarget(h.Target)
	}
	return nil
}

func (h HideGlob) compile(t *tree) error {
	var matches []string
	p, malformed := parsePattern(h.Pattern)
	if malformed == nil {
		var err error
		if matches, err = t.matches(p); err != nil {
			return err
		}
	}
	if h.Target != "" {
		k, err := t.kindOf(h.Target)
		if err != nil {
			return err
		}
		if k != none && !slices.Contains(matches, h.Target) {
			matches = append(matches, h.Target)
		}
	}
	if prefix, n := p.prefix(); len(matches) == 0 && malformed == nil && n == len(p.parts) {
		matches = append(matches, prefix) // it is no pattern, and so is to be hidden if it is there or not
	}
	if len(matches) == 0 && malformed != nil {
		return advise(malformed, "a backslash before each *, ? and [ makes it a name")
	}
	for _, name := range matches {
		hide := Hide{Target: name, Origin: h.Origin}
		t.p.Doing(hide.String())
		if err := hide.compile(t); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// kindOf is what is at a path of the tree; nothing, if it leads through a file.
func (t *tree) kindOf(target string) (kind, error) {
	at, err := t.follow(target)
	switch {
	case errors.Is(err, unix.ENOTDIR):
		return none, nil
	case err != nil:
		return none, err
	}
	return t.kind(at)
}

// matches are the paths in the tree so far that a pattern matches, without symlinks in
// them.
func (t *tree) matches(p pattern) ([]string, error) {
	prefix, n := p.prefix()
	if n == len(p.parts) { // without a wildcard
		k, err := t.kindOf(prefix)
		if k == none || err != nil {
			return nil, err
		}
		return []string{prefix}, nil
	}
	at, err := t.follow(prefix)
	if errors.Is(err, unix.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	switch k, err := t.kind(at); {
	case err != nil:
		return nil, err
	case k == unknown, k == folder && at.exists && at.node.isUnknown():
		return nil, advise(fmt.Errorf("what is in %s is known to the kernel alone, and to nobody before the sandbox runs", at.path),
			"hide each by its name, without a wildcard")
	case k != folder:
		return nil, nil
	}
	w := walk{pattern: p, list: t.list, look: t.look, follow: t.followLink}
	if err := w.run(at.path, n); err != nil {
		return nil, err
	}
	var list []string
	for _, m := range w.matches {
		if via := w.found[m]; via == "" {
			list = append(list, m)
		} else if at, err := t.shape.resolve(m); err == nil && !at.mount.hidden && !below(m, w) {
			return nil, advise(fmt.Errorf("%s is a symlink, by which %s can still be reached", via, m), "hide %s as well, before", m)
		}
	}
	return list, nil
}

// below reports whether a path lies in one that is matched without a symlink.
func below(p string, w walk) bool {
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		if via, ok := w.found[dir]; ok && via == "" {
			return true
		}
	}
	return false
}
