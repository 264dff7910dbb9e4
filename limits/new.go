package limits

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// New makes the cgroup for a sandbox, and is where one is found:
//
//  1. the folder l.Dir, if there is one; and nowhere else
//  2. the caller's own cgroup, where it is delegated: the caller may write to it and is alone in
//     it. The caller moves itself to a leaf, until the last group is removed
//  3. a scope of systemd, the user's own one (of the machine's, for root): the sandbox's first
//     process is moved there, see [Group.Adopt]
//
// Nil without an error: none was asked for, or only what [Limits.Default] wants and it would
// cost something. An error is an *[Error], and nothing is left then. Linux 5.7.
func New(l Limits) (*Group, error) { return newOn(thisHost(), l) }

func newOn(h *host, l Limits) (*Group, error) {
	if !l.Wanted() {
		return nil, nil
	}
	if err := l.Check(); err != nil {
		return nil, &Error{l.Asked(), err, ""}
	}
	asked := l.Asked()
	if len(asked) == 0 && l.Dir == "" {
		return h.forNothing(&l), nil
	}
	g, err := h.find(&l)
	if err == nil {
		return g, nil
	}
	if l.BestEffort {
		return &Group{limits: l, adopter: &single{l}, lost: l.lostWithout(err)}, nil
	}
	return nil, &Error{asked, err, hintOf(err)}
}

// find makes a group in the first place that has what is wanted.
func (h *host) find(l *Limits) (*Group, error) {
	own, ownErr := h.group("self")
	if l.Dir != "" {
		t, err := h.named(l.Dir, own)
		if err != nil {
			return nil, err
		}
		return t.makeGroup(l)
	}
	if ownErr == nil {
		var t *tree
		if t, ownErr = h.delegated(own); ownErr == nil {
			var g *Group
			if g, ownErr = t.makeGroup(l); ownErr == nil {
				return g, nil
			}
		}
	}
	if ownErr != nil && h.hybrid(own) {
		ownErr = errNotMounted
	}
	if errors.Is(ownErr, errNoGroup) || errors.Is(ownErr, errNotMounted) {
		return nil, hinted{ownErr, hintVersion1}
	}
	bus, busErr := h.bus()
	if busErr != nil {
		return nil, h.nowhere(own, ownErr, busErr)
	}
	return &Group{limits: *l, adopter: &scoped{h: h, l: *l, bus: bus}}, nil
}

// named is the tree of --cgroup.
func (h *host) named(dir, own string) (*tree, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("--cgroup: %w", err)
	}
	if h.unlike(dir) {
		return nil, hinted{errors.New("--cgroup: " + dir + " is no cgroup of version 2"), "cgroups are below /sys/fs/cgroup; see docs/limits.md"}
	}
	if !writable(dir) {
		return nil, hinted{errors.New("--cgroup: " + dir + " is not delegated to you: you cannot write to it, its cgroup.procs and cgroup.subtree_control"), hintChown}
	}
	t := &tree{h: h, dir: dir}
	if dir == own {
		t.leaf = true
		if in, err := processes(dir); err != nil || !slices.Equal(in, []int{h.pid}) {
			return nil, hinted{errors.New("--cgroup: usandbox is not alone in " + dir), "name a cgroup without processes: mkdir one in it, and start usandbox in another"}
		}
	}
	return t, nil
}

// delegated is the tree that the caller's own cgroup is.
func (h *host) delegated(own string) (*tree, error) {
	if name := filepath.Base(own); strings.HasPrefix(name, prefix) && strings.HasSuffix(name, leafSuffix) && writable(filepath.Dir(own)) {
		return &tree{h: h, dir: filepath.Dir(own)}, nil // another of this package has moved there, or the caller before
	}
	if !writable(own) {
		return nil, errors.New("your cgroup " + own + " is not delegated to you")
	}
	if _, err := os.Lstat(own + "/cgroup.type"); os.IsNotExist(err) { // cgroups(7): the root has none
		if unix.Access("/run/systemd/system", unix.F_OK) == nil {
			return nil, errors.New("the root of all cgroups is systemd's")
		}
		return &tree{h: h, dir: own}, nil
	}
	in, err := processes(own)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(in, []int{h.pid}) {
		return nil, errors.New("usandbox is not alone in your cgroup " + own)
	}
	return &tree{h: h, dir: own, leaf: true}, nil
}

// hybrid reports whether memory and processes are limited by cgroups of version 1.
func (h *host) hybrid(own string) bool {
	have, _ := words(own, "cgroup.controllers")
	return h.unlike("/sys/fs/cgroup") && !slices.Contains(have, "memory") && !slices.Contains(have, "pids")
}

// writable reports whether the caller may make cgroups in one, and use them.
func writable(dir string) bool {
	for _, name := range []string{dir, dir + "/cgroup.procs", dir + "/cgroup.subtree_control"} {
		if unix.Faccessat(unix.AT_FDCWD, name, unix.W_OK, unix.AT_EACCESS) != nil {
			return false
		}
	}
	return true
}

// forNothing makes a group for the default limits, if neither a message to anybody nor a
// move is needed for it: to move a process waits for all processors, some milliseconds.
func (h *host) forNothing(l *Limits) *Group {
	if h.unlike("/sys/fs/cgroup") {
		return nil
	}
	own, err := h.group("self")
	if err != nil {
		return nil
	}
	t, err := h.delegated(own)
	if err != nil || t.leaf {
		return nil
	}
	g, _ := t.makeGroup(l)
	return g
}
