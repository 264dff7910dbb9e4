package mounts

import (
	"fmt"
	"os"
	"path"
)

// maxApart bounds what a folder may hold to be shown apart.
const maxApart = 1000

// Apart are entries that show what is in the folder of b, each thing for itself, in a folder of
// the sandbox's own: there can be further ones beside. What is made in the source later is not
// seen. It fails for a writable bind, and where there are more than 1,000 things.
func (b Bind) Apart() ([]Entry, error) {
	list, err := os.ReadDir(b.Source)
	switch {
	case err != nil:
		return nil, err
	case b.Writable || len(list) > maxApart:
		return nil, fmt.Errorf("%s cannot be shown apart", b.Source)
	}
	entries := []Entry{Dir{Target: b.Target, Origin: b.Origin}}
	for _, e := range list {
		one := b
		one.Source, one.Target, one.Try = path.Join(b.Source, e.Name()), path.Join(b.Target, e.Name()), true
		if e.Type()&os.ModeSymlink == 0 {
			entries = append(entries, one)
			continue
		}
		link, err := os.Readlink(one.Source)
		if err != nil {
			return nil, err
		}
		entries = append(entries, Symlink{Link: link, Target: one.Target, Origin: b.Origin})
	}
	return entries, nil
}
