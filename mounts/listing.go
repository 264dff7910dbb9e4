package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// What a pattern finds in the tree so far: this is how a walk sees it.

// isUnknown reports whether only the kernel knows what is in a mount.
func (n node) isUnknown() bool {
	return n.kind == foreign && n.source == "" && n.frozen == nil && !n.hidden && !n.file
}

// look is what is at a name in a folder of the tree.
func (t *tree) look(dir, name string) (kind, error) {
	p := path.Join(dir, name)
	if n, known := t.shape.get(p); known {
		if n.isUnknown() {
			return unknown, nil
		}
		return n.shows(), nil
	}
	at, err := t.shape.resolve(p)
	if err != nil {
		return none, nil // below a file
	}
	return t.kind(at)
}

// followLink is where a symlink in the tree leads to.
func (t *tree) followLink(name string) (string, kind, error) {
	at, err := t.goTo(name, true)
	switch {
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP):
		return name, none, nil
	case err != nil:
		return name, none, err
	}
	k, err := t.kind(at)
	return at.path, k, err
}

// list are the names in a folder of the tree.
func (t *tree) list(dir string, most int) ([]named, error) {
	at, err := t.shape.resolve(dir)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var list []named
	add := func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		k, err := t.look(dir, name)
		if err == nil && k != none {
			list = append(list, named{name, k})
		}
		return err
	}
	if b := t.shape.find(dir); b != nil {
		for name := range b.below {
			if err := add(name); err != nil {
				return nil, err
			}
		}
	}
	rest, err := at.mount.list(split(strings.TrimPrefix(at.path, at.cover)), most-len(list))
	for _, n := range rest {
		if !seen[n.name] {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b named) int { return strings.Compare(a.name, b.name) })
	return list, err
}

// list are the names at a path below a mount of the host.
func (n node) list(rel []string, most int) ([]named, error) {
	if n.frozen == nil {
		if n.kind != foreign || n.source == "" {
			return nil, nil
		}
		return n.listLayers(rel, most)
	}
	b, in, rest, _ := n.frozen.descend(rel)
	list, err := in.node.list(rest, most)
	if err != nil || b == nil {
		return list, err
	}
	list = slices.DeleteFunc(list, func(n named) bool { return b.below[n.name] != nil && b.below[n.name].known })
	for name, next := range b.below {
		if next.known {
			list = append(list, named{name, next.shows()})
		}
	}
	return list, nil
}

// listLayers are the names in a folder of the host, or in those that are shown as one.
func (n node) listLayers(rel []string, most int) (list []named, err error) {
	if n.layers == nil {
		return listToHide(path.Join(n.source, path.Join(rel...)), most)
	}
	seen := map[string]bool{}
	for _, layer := range n.layers {
		dir, st, last, err := lookInLayer(layer, rel)
		if err != nil {
			return nil, err
		}
		if dir != "" {
			if st.Mode&unix.S_IFMT != unix.S_IFDIR {
				break
			}
			some, err := listToHide(dir, most-len(list))
			if err != nil {
				return nil, err
			}
			for _, x := range some {
				if seen[x.name] {
					continue
				}
				seen[x.name] = true
				if x.kind, err = n.hostKind(append(slices.Clone(rel), x.name)); err != nil { // it may be a whiteout
					return nil, err
				}
				if x.kind != none {
					list = append(list, x)
				}
			}
		}
		if last || dir != "" && len(rel) > 0 && isOpaque(dir) {
			break
		}
	}
	return list, nil
}

// listToHide are the names in a folder of the host, in whose path there is no symlink. It
// fails where the command could find what the caller cannot.
func listToHide(dir string, most int) ([]named, error) {
	fd, err := openExact(dir, unix.O_RDONLY|unix.O_DIRECTORY)
	switch {
	case err == nil:
		return readNames(os.NewFile(uintptr(fd), dir), most)
	case isGone(err):
		return nil, nil
	case !errors.Is(err, fs.ErrPermission):
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	var st unix.Stat_t
	if unix.Lstat(dir, &st) == nil && (int(st.Uid) == os.Geteuid() || unix.Access(dir, unix.X_OK) == nil) {
		return nil, fmt.Errorf("%s cannot be read, but what is in it could be reached", dir)
	}
	return nil, nil
}

// openExact opens a path of the host that has no symlink in it.
func openExact(name string, flags uint64) (int, error) {
	return unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
}
