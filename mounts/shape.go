package mounts

import (
	"iter"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// shape is what the compiler knows of the tree that the steps so far have built:
// exactly what lies in file systems of the sandbox's own, and where the others
// are mounted. Nobody but the steps can change the former, so no step needs to
// look; of the latter nothing is assumed.
type shape struct {
	root branch
	top  *launch.Var // the fd of the root
}

// branch is what is known of one path and of those below it.
type branch struct {
	node
	known bool // else only something below it is
	below map[string]*branch
}

type nodeKind uint8

const (
	ownFolder nodeKind = iota // in a tmpfs that a step made
	ownFile
	ownLink
	foreign // a mount of something that others may know and change
)

type node struct {
	kind     nodeKind
	link     string   // target of an ownLink
	source   string   // what is mounted, as a path of the host; foreign only
	writable bool     // foreign only
	devices  bool     // device nodes in it work; foreign, or the root of a file system of our own
	file     bool     // a mount of a file; foreign only
	hidden   bool     // nothing is in it, and nothing can be made; foreign only
	frozen   *branch  // what of our own was here before it became read-only; foreign only
	cow      bool     // an overlay: writes do not go to source; foreign only
	layers   []string // of an overlay, as paths of the host, the top first
	proc     bool     // a new proc; foreign only
	upper    string   // of an overlay: the folder with what is written, as the entry names it

	fd *launch.Var // of a file system of our own that is mounted there: its root
}

// find is what is known of the path p and of those below it; nil if nothing is.
func (s *shape) find(p string) *branch {
	b := &s.root
	for name := range names(p) {
		if b = b.below[name]; b == nil {
			return nil
		}
	}
	return b
}

// get is what is known of exactly the path p.
func (s *shape) get(p string) (node, bool) {
	if b := s.find(p); b != nil {
		return b.node, b.known
	}
	return node{}, false
}

// grants reports whether a writable mount is there or below.
func (b *branch) grants() bool {
	if b == nil || b.writable {
		return b != nil
	}
	for _, next := range b.below {
		if next.grants() {
			return true
		}
	}
	return false
}

// freeze is what is known of a place and of all below it, where n is mounted then.
func (s *shape) freeze(at place, n node) *branch {
	b := branch{node: n, known: true}
	if at.exists {
		b.node = at.node
	} else if at.mount.frozen != nil {
		if old, in, rest, _ := at.mount.frozen.descend(split(strings.TrimPrefix(at.path, at.cover))); len(rest) == 0 {
			b = *in
		} else if old != nil {
			b.below = old.below
		}
	}
	if old := s.find(at.path); old != nil {
		b.below = old.below
	}
	return &b
}

// set records what is at p from now on. What was known below it is covered.
func (s *shape) set(p string, n node) {
	b := &s.root
	for name := range names(p) {
		if b.below == nil {
			b.below = map[string]*branch{}
		}
		next := b.below[name]
		if next == nil {
			next = &branch{}
			b.below[name] = next
		}
		b = next
	}
	*b = branch{node: n, known: true}
}

// place is where a path leads to.
type place struct {
	path    string // with the known symlinks resolved
	node    node   // what is there, if known
	exists  bool   // node is exactly what is there
	missing int    // how many components at the end do not exist, in a folder of our own
	cover   string // the mount point of the foreign mount that path lies in or on; "" in our own
	mount   node   // that mount

	root *launch.Var // in our own: the fd of the root of the file system that path lies in
	rel  string      // path below it

	named bool // a mount is moved there by that path; else t.dst is open
}

// maxLinks is how many symlinks the kernel follows in one path.
const maxLinks = 40

// resolve finds where target leads to.
func (s *shape) resolve(target string) (place, error) {
	top := place{path: "/", node: node{kind: ownFolder}, exists: true, root: s.top}
	if s.root.known {
		top.node = s.root.node
	}
	if top.node.kind == foreign {
		top.cover, top.mount = "/", top.node
	}
	at := top
	rest := split(target)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == "." {
			continue
		}
		if name == ".." {
			up := path.Dir(at.path)
			var err error
			if at, err = s.resolve(up); err != nil {
				return at, err
			}
			continue
		}
		next := path.Join(at.path, name)
		n, known := s.get(next)
		switch {
		case at.missing > 0:
			at.missing++
		case known && n.kind == ownLink:
			if links++; links > maxLinks {
				return at, tooManyLinks(target)
			}
			rest = append(split(n.link), rest...)
			if path.IsAbs(n.link) {
				at = top
			}
			continue
		case known && n.kind == foreign:
			at.node, at.exists, at.cover, at.mount = n, true, next, n
		case known:
			at.node, at.exists, at.cover, at.mount = n, true, "", node{}
			if n.fd != nil {
				at.root, at.rel, name = n.fd, "", ""
			}
		case at.mount.file:
			return at, belowFile(next + " lies below a file")
		case at.cover != "":
			at.exists = false
		case at.node.kind != ownFolder:
			return at, belowFile(at.path + " is a file")
		default:
			at.missing, at.exists = 1, false
		}
		at.path, at.rel = next, path.Join(at.rel, name)
	}
	return at, nil
}

// belowFile is the error of a path that leads through a file.
type belowFile string

func (b belowFile) Error() string        { return string(b) }
func (b belowFile) Is(target error) bool { return target == unix.ENOTDIR }

// tooManyLinks is the error of a path that leads through more than the kernel follows.
type tooManyLinks string

func (l tooManyLinks) Error() string        { return string(l) + ": too many symlinks" }
func (l tooManyLinks) Is(target error) bool { return target == unix.ELOOP }

// host is the path on the host of what p leads to, if it lies in a mount whose
// source is known.
func (p place) host() (string, bool) {
	if p.cover == "" || p.mount.source == "" {
		return "", false
	}
	return path.Join(p.mount.source, strings.TrimPrefix(p.path, p.cover)), true
}

// names are the components of a path.
func names(p string) iter.Seq[string] {
	return strings.FieldsFuncSeq(p, isSlash)
}

func isSlash(r rune) bool { return r == '/' }

func split(p string) []string { return strings.FieldsFunc(p, isSlash) }
