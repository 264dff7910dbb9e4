package mounts

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// tree is a file tree that is being compiled.
type tree struct {
	p           *launch.Program
	shape       shape
	old, new    *launch.Var // fds of the host's root and of the sandbox's
	src, dst    *launch.Var // fds of the entry at hand
	tree        *launch.Var // its detached mount
	fs          *launch.Var // the context of a new file system
	stat, times *launch.Var // see keepTime
	folders     int         // of the base, for what is in memory
	kept        int         // fds of file systems of our own
	empty       bool        // the empty file and folder of Hide exist
	pinned      map[string]bool
	granted     []string            // real paths of every writable source
	toMake      []string            // real paths of the host that are to be made before, see Missing
	made        map[string][]string // what is made in overlays, see Placeholders
	hides       []string            // what entries of type Hide are about
	contents    int                 // bytes in files of our own
	statx       *launch.Var         // what identify looks at
	from        Propagation         // of the caller's mounts
	base        base
	loose       *looseTree // nil: the tree is strict
}

// base is the file system in which a tree is built, and its folders.
type base struct {
	on       string // where it is mounted, at first
	options  string // mount options
	old, new string // names of the folders for the host's root and the sandbox's
}

// Compile appends the steps that build the tree of entries in a new mount
// namespace and make it the root. The process needs every capability in its user
// namespace, and a PID namespace of its own for a proc. It looks at the host's
// files (do sources exist, are they folders), changes nothing, and fails with an
// [*Error] that names the entry.
func Compile(p *launch.Program, entries []Entry) error {
	_, err := CompileFrom(p, entries, Private)
	return err
}

// CompileFrom is Compile for a tree whose mounts are propagated as from says, so
// far as that has to be known when they are made; [Propagation.Set] does the rest.
// It returns the places in the finished tree that can be written to.
func CompileFrom(p *launch.Program, entries []Entry, from Propagation) ([]Writable, error) {
	return CompileSized(p, entries, from, 0)
}

// CompileSized is CompileFrom for a tree whose own file system, which holds everything
// that has no size of its own, can grow to so many bytes; 0: to half of the machine's memory.
func CompileSized(p *launch.Program, entries []Entry, from Propagation, size uint64) ([]Writable, error) {
	t, err := compile(p, entries, from, size)
	if err != nil {
		return nil, err
	}
	return t.shape.writable(), nil
}

func compile(p *launch.Program, entries []Entry, from Propagation, size uint64) (*tree, error) {
	for _, e := range entries {
		if err := wrap(e, e.check()); err != nil {
			return nil, err
		}
	}
	entries, err := Expand(entries)
	if err != nil {
		return nil, err
	}
	// The base is mounted on /proc, which is there wherever id maps can be written.
	t := &tree{p: p, pinned: map[string]bool{}, granted: grants(entries), hides: hides(entries), from: from,
		base: base{on: "/proc", options: "mode=0755", old: "old", new: "new"}}
	if size != 0 {
		t.base.options += ",size=" + strconv.FormatUint(size, 10)
	}
	t.begin()
	for _, e := range entries {
		p.Origin(e.origin())
		p.Doing(e.String())
		if err := wrap(e, e.compile(t)); err != nil {
			return nil, err
		}
	}
	p.Origin("")
	t.end()
	return t, nil
}

func wrap(e Entry, err error) error {
	if err == nil {
		return nil
	}
	var h hinted
	errors.As(err, &h)
	return &Error{Entry: e, Doing: e.String(), Origin: e.origin(), Err: err, Hint: h.hint}
}

// hides are the paths that entries hide.
func hides(entries []Entry) (list []string) {
	for _, e := range entries {
		if h, ok := e.(Hide); ok && !h.Try {
			list = append(list, path.Clean(h.Target))
		}
	}
	return list
}

// begin pivots into the base.
func (t *tree) begin() {
	p := t.p
	t.old, t.new = p.Var("old"), p.Var("new")
	t.shape.top = t.new
	t.src, t.dst, t.tree, t.fs = p.Var("src"), p.Var("dst"), p.Var("tree"), p.Var("fs")
	flags := uint64(unix.MS_NOSUID | unix.MS_NODEV)
	propagation, name := t.from.fromHost()
	t.doing(StageSlave, "", "make every mount "+name)
	p.Call(unix.SYS_MOUNT, 0, "/", 0, unix.MS_REC|propagation, 0)
	t.doing(StageBase, "", "mount the base of the file tree")
	p.Call(unix.SYS_MOUNT, "tmpfs", t.base.on, "tmpfs", flags, t.base.options)
	p.Call(unix.SYS_CHDIR, t.base.on)
	p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, t.base.old, 0o755)
	p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, t.base.new, 0o755)
	p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, t.base.new, cloneNamed).To(t.tree)
	p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", unix.AT_FDCWD, t.base.new, moveNamed)
	p.Close(t.tree)
	t.doing(StagePivot, "", "pivot into the base of the file tree")
	p.Call(unix.SYS_PIVOT_ROOT, ".", t.base.old)
	t.openFolder("/"+t.base.old, t.old)
	t.openFolder("/"+t.base.new, t.new)
}

// openFolder opens a folder of the base.
func (t *tree) openFolder(name string, to *launch.Var) {
	t.p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).To(to)
}

// end makes the new tree's own root read-only, unless the tree is a loose one, pivots
// into it and lets go of everything else.
func (t *tree) end() {
	p := t.p
	if t.loose == nil {
		p.Doing("make the root read-only")
		p.Call(unix.SYS_MOUNT_SETATTR, t.new, "", setOne, setAttr("ro", unix.MOUNT_ATTR_RDONLY), sizeofAttr)
	}
	t.doing(StagePivot, "", "pivot into the file tree")
	p.Call(unix.SYS_FCHDIR, t.new)
	p.Call(unix.SYS_PIVOT_ROOT, ".", ".")
	t.doing(StageDetach, "", "detach the caller's file tree")
	p.Call(unix.SYS_UMOUNT2, ".", unix.MNT_DETACH)
	p.Close(t.old, t.new)
	p.Call(unix.SYS_CHDIR, "/")
}

// prepare makes sure, as far as it may, that target exists and is a folder or a
// file, pins what leads to it, and opens it as t.dst. It uses t.tree.
func (t *tree) prepare(target string, file bool) (place, error) {
	if t.loose != nil {
		return t.prepareLoose(target, file), nil
	}
	at, err := t.resolve(target)
	if err != nil {
		return at, err
	}
	if at.cover == "" && at.exists && (at.node.kind == ownFile) != file {
		return at, mismatch(target, file)
	}
	at = t.create(at, file)
	t.pin(at)
	t.open(at)
	return at, nil
}

func mismatch(target string, file bool) error {
	if file {
		return fmt.Errorf("a file cannot lie over the folder %s", target)
	}
	return fmt.Errorf("a folder cannot lie over the file %s", target)
}

// create makes the missing components of a path in file systems of our own. No
// other process sees them yet and no symlink is among them; and they are found
// through an fd of the file system, as the folder that it is mounted on may be
// one that others can rename. What is there then is found as the place returned.
func (t *tree) create(at place, file bool) place {
	above, last := t.modes()
	return t.createWith(at, file, StagePoint, above, last)
}

// createWith is create with the permission bits of folders, and the stage at which the last
// component is made.
func (t *tree) createWith(at place, file bool, s Stage, above, last uint32) place {
	if at.missing == 0 {
		return at
	}
	names := split(at.path)
	rels := split(at.rel)
	for i := at.missing; i > 0; i-- {
		name, where := path.Join(rels[:len(rels)-i+1]...), "/"+path.Join(names[:len(names)-i+1]...)
		mode := above
		if i == 1 {
			t.doing(s, sort(file), "")
			mode = last
		} else {
			t.doing(StageParents, "", "")
		}
		if file && i == 1 {
			t.p.Call(unix.SYS_MKNODAT, at.root, name, unix.S_IFREG|0o444, 0)
			t.shape.set(where, node{kind: ownFile})
		} else {
			t.p.Call(unix.SYS_MKDIRAT, at.root, name, mode)
			t.shape.set(where, node{kind: ownFolder})
		}
	}
	if len(t.hides) > 0 {
		t.pinForHidden("/" + path.Join(names[:len(names)-at.missing+1]...))
	}
	if now, err := t.shape.resolve(at.path); err == nil {
		return now
	}
	return at
}

// open opens a destination as t.dst: in our own through the file system's fd, in
// a mount of the host's through the root. In a folder that others can write to no
// symlink is followed.
func (t *tree) open(at place) *launch.Step {
	root, name, h := t.new, at.path, inRoot
	switch {
	case at.cover == "":
		root, name, h = at.root, at.rel, inRootExact
	case at.mount.writable:
		h = inRootExact
	}
	return t.p.Call(unix.SYS_OPENAT2, root, relative(name), h, sizeofHow).To(t.dst).Retry()
}

// pin makes a mount point of every folder between a writable mount and a path in
// it, so that none of them can be renamed or replaced: rename(2) of a mount
// point is EBUSY. It is done before anything is mounted below them: what is
// mounted on a folder later, even if only its clone, covers that.
func (t *tree) pin(at place) {
	if at.cover == "" || !at.mount.writable {
		return
	}
	for dir := path.Dir(at.path); len(dir) > len(at.cover); dir = path.Dir(dir) {
		if t.pinned[dir] {
			break
		}
		defer t.pinOne(place{path: dir, cover: at.cover, mount: at.mount})
	}
}

// pinOne makes a mount point of one path.
func (t *tree) pinOne(at place) {
	t.pinned[at.path] = true
	t.open(at)
	t.cloneSelf()
	t.move()
}

// mounted records that something is mounted on p. What was pinned below it is
// covered, and so is no mount point any more.
func (t *tree) mounted(p string, n node) {
	if t.loose != nil {
		t.mountedLoose(p, n)
		return
	}
	t.shape.set(p, n)
	for dir := range t.pinned {
		if dir == p || strings.HasPrefix(dir, p+"/") {
			delete(t.pinned, dir)
		}
	}
}

// cloneSelf clones what t.dst is as t.tree.
func (t *tree) cloneSelf() {
	t.p.Call(unix.SYS_OPEN_TREE, t.dst, "", cloneTree).To(t.tree)
}

// setAttributes sets attributes of t.tree and everything mounted below it.
func (t *tree) setAttributes(a attributes) {
	s := t.p.Call(unix.SYS_MOUNT_SETATTR, t.tree, "", setRecursive, a.arg(), sizeofAttr)
	if t.loose != nil && t.loose.AnyAttributes {
		s.OnAny(nil)
	}
}

// move moves t.tree onto t.dst and closes both.
func (t *tree) move() {
	t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", t.dst, "", moveHere)
	t.p.Close(t.tree, t.dst)
}

// moveTo moves t.tree, which stays open, onto what prepare has found.
func (t *tree) moveTo(at place) {
	if at.named && at.rel != "" {
		t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", at.root, at.rel, moveNamed)
	} else if at.named {
		t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", at.root, "", moveHere)
	} else {
		t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", t.dst, "", moveHere)
		t.p.Close(t.dst)
	}
}

// relative is a path as openat2 takes it below a root.
func relative(p string) string {
	if p = strings.TrimLeft(p, "/"); p == "" {
		return "."
	}
	return p
}
