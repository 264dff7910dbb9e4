package mounts

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// kind is what is at a path.
type kind uint8

const (
	none    kind = iota
	folder       // and what is in it can be told
	file         // anything that is no folder
	symlink      // not followed
	unknown      // it lies in a file system that only the kernel knows
)

func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsDir():
		return folder
	case mode&fs.ModeSymlink != 0:
		return symlink
	}
	return file
}

// Bounds of what one pattern may do.
const (
	maxMatches = 10_000
	maxLooked  = 1_000_000
)

// walk looks for what matches a pattern. Folders are real paths: no symlink is in them.
type walk struct {
	pattern
	// list are names in a folder and what they are; no more than at most are wanted.
	list func(dir string, most int) ([]named, error)
	// look is what is at a name.
	look func(dir, name string) (kind, error)
	// follow is where a symlink leads to, and what is there.
	follow func(name string) (string, kind, error)

	names   int
	found   map[string]string // and the symlink by which it was, if any
	matches []string
}

// named is a name in a folder.
type named struct {
	name string
	kind kind
}

// run walks from a folder, in which the parts of the pattern from i on are looked for. The
// matches are sorted; below one nothing more is looked for.
func (w *walk) run(dir string, i int) error {
	w.found = map[string]string{}
	if err := w.folder(dir, w.at(i), ""); err != nil {
		return err
	}
	slices.Sort(w.matches)
	return nil
}

// folder looks through one folder. Via is a symlink that led to it.
func (w *walk) folder(dir string, s state, via string) error {
	list, err := w.candidates(dir, s)
	if err != nil {
		return err
	}
	if w.names += len(list); w.names > maxLooked {
		return fmt.Errorf("more than %d names would have to be looked at", maxLooked)
	}
	for _, n := range list {
		if err := w.name(dir, n, s, via); err != nil {
			return err
		}
	}
	return nil
}

// candidates are the names in a folder that may match.
func (w *walk) candidates(dir string, s state) ([]named, error) {
	exact, ok := w.exact(s)
	if !ok {
		return w.list(dir, maxLooked-w.names+1)
	}
	var list []named
	for _, name := range exact {
		k, err := w.look(dir, name)
		if err != nil {
			return nil, err
		}
		if k != none {
			list = append(list, named{name, k})
		}
	}
	return list, nil
}

func (w *walk) name(dir string, n named, s state, via string) error {
	all, direct, ends := w.next(s, n.name)
	p, k := path.Join(dir, n.name), n.kind
	if k == symlink {
		if all = direct; len(all) == 0 && !ends { // ** does not follow it
			return nil
		}
		if via == "" {
			via = p
		}
		var err error
		if p, k, err = w.follow(p); err != nil {
			return err
		}
	}
	switch {
	case k == none:
		return nil
	case ends:
		return w.match(p, via)
	case k == folder && len(all) > 0:
		return w.folder(p, all, via)
	}
	return nil
}

func (w *walk) match(p, via string) error {
	if before, ok := w.found[p]; ok {
		if via == "" && before != "" {
			w.found[p] = ""
		}
		return nil
	}
	if len(w.matches) == maxMatches {
		return fmt.Errorf("more than %d names match", maxMatches)
	}
	w.found[p] = via
	w.matches = append(w.matches, p)
	return nil
}
