package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// resolve finds where a target leads to: by the symlinks of our own file systems, and
// by those that mounts of the host have now. The latter stay in the new root, as they
// do when the steps run. In a folder that the command may write to there must be none.
func (t *tree) resolve(target string) (place, error) {
	at, err := t.follow(target)
	if err == nil && at.path == "/" {
		return at, errRoot
	}
	if err == nil {
		err = at.notForAll()
	}
	return at, err
}

func (t *tree) follow(target string) (place, error) { return t.goTo(target, false) }

// goTo is follow, and may go through symlinks that the command can change.
func (t *tree) goTo(target string, trust bool) (place, error) {
	for links := 0; ; links++ {
		at, err := t.shape.resolve(target)
		if err != nil {
			return at, err
		}
		name, link, rest := at.link()
		switch {
		case name == "":
			return at, nil
		case at.mount.writable && !trust:
			return at, advise(fmt.Errorf("%s is a symlink in a folder that the sandbox may write to", name),
				"if you trust it, name %s itself", absolute(path.Dir(name), link))
		case links == maxLinks:
			return at, tooManyLinks(target)
		}
		target = absolute(path.Dir(name), link) + rest
	}
}

// link finds the first symlink in a path, below the mount of the host that it lies in:
// its name, its text, and what follows it in the path. No name: there is none.
func (p place) link() (name, text, rest string) {
	if p.cover == "" || p.mount.source == "" {
		return "", "", ""
	}
	below := split(strings.TrimPrefix(p.path, p.cover))
	for i := range below {
		rel := path.Join(below[:i+1]...)
		text, err := p.mount.readlink(rel)
		switch {
		case err == nil:
			for _, more := range below[i+1:] {
				rest += "/" + more
			}
			return path.Join(p.cover, rel), text, rest
		case !errors.Is(err, unix.EINVAL): // it does not exist, or may not be looked at
			return "", "", ""
		}
	}
	return "", "", ""
}

// readlink is the text of a symlink below a mount of the host, as readlink(2) has it.
func (n node) readlink(rel string) (text string, err error) {
	if n.layers == nil {
		return os.Readlink(path.Join(n.source, rel))
	}
	name, _, err := n.inLayers(split(rel))
	if err == nil && name == "" {
		err = unix.ENOENT
	}
	if err != nil {
		return "", err
	}
	return os.Readlink(name)
}

// kind is what is at a place that resolve has found.
func (t *tree) kind(at place) (kind, error) {
	switch {
	case at.exists:
		return at.node.shows(), nil
	case at.cover == "" || at.mount.hidden || at.mount.file:
		return none, nil
	}
	return at.mount.look(split(strings.TrimPrefix(at.path, at.cover)))
}

// shows is what a path is that a node is known of.
func (n node) shows() kind {
	switch {
	case n.kind == ownLink:
		return symlink
	case n.kind == ownFile || n.file:
		return file
	}
	return folder
}

// look is what is at a path below a mount.
func (n node) look(rel []string) (kind, error) {
	if n.frozen == nil {
		return n.hostKind(rel)
	}
	b, in, rest, link := n.frozen.descend(rel)
	switch {
	case link:
		return unknown, nil // the kernel sees where it leads to
	case b != nil && b.known:
		return b.shows(), nil
	case in.node.kind != foreign:
		return none, nil
	}
	return in.node.look(rest)
}

// descend goes down a path: to what is known of it, if anything is; and to the last one
// that is exactly known, and what follows that in the path. With link it leads through a symlink.
func (b *branch) descend(rel []string) (at, in *branch, rest []string, link bool) {
	in, rest = b, rel
	for i, name := range rel {
		if b = b.below[name]; b == nil {
			return nil, in, rest, false
		}
		if b.known {
			in, rest = b, rel[i+1:]
			if b.node.kind == ownLink && len(rest) > 0 {
				return b, in, rest, true
			}
		}
	}
	return b, in, rest, false
}

func (n node) hostKind(rel []string) (kind, error) {
	if n.source == "" {
		return unknown, nil
	}
	name, st, err := path.Join(n.source, path.Join(rel...)), unix.Stat_t{}, error(nil)
	if n.layers != nil {
		name, st, err = n.inLayers(rel)
	} else {
		st, err = statExact(name)
	}
	switch {
	case name == "" || isGone(err):
		return none, nil
	case err != nil:
		return none, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return folder, nil
	case unix.S_IFLNK:
		return symlink, nil
	}
	return file, nil
}

// statExact is lstat(2) of a path with no symlink in it but at the end.
func statExact(name string) (st unix.Stat_t, err error) {
	dir, err := openExact(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY)
	if err == nil {
		err = unix.Fstatat(dir, path.Base(name), &st, unix.AT_SYMLINK_NOFOLLOW)
		unix.Close(dir)
	}
	if err != nil {
		return st, &fs.PathError{Op: "look at", Path: name, Err: err}
	}
	return st, nil
}

// isFile tells whether a path of the tree is a file or a folder. It has to exist.
func (t *tree) isFile(at place) (bool, error) {
	k, err := t.kind(at)
	if err == nil && (k == none || k == unknown) {
		err = fmt.Errorf("%s: %w", at.path, fs.ErrNotExist)
	}
	return k != folder, err
}
