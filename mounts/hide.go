package mounts

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Hide lays an empty, read-only file or folder over a path, whichever it is.
//
// In a file system of the sandbox's own a path that does not exist is made first, so
// that the command cannot make it: a file, or a folder if Target ends in a slash. In
// a read-only mount of the host there is nothing to hide then. In a folder that the
// command may write to it is refused, unless Create is set.
type Hide struct {
	Target string
	Try    bool // a missing path is no error, and not made either
	Create bool // what is missing in a writable folder of the host is made there before, see [Missing]
	Origin string
}

// Where is the path that is hidden.
func (h Hide) Where() string  { return h.Target }
func (h Hide) origin() string { return h.Origin }
func (h Hide) String() string { return "hide " + h.Target }
func (h Hide) check() error   { return checkTarget(h.Target) }

func (h Hide) compile(t *tree) error {
	at, err := t.resolve(h.Target)
	if err != nil {
		if h.Try && errors.Is(err, unix.ENOTDIR) {
			return nil
		}
		return err
	}
	k, err := t.kind(at)
	if err != nil {
		return err
	}
	switch k {
	case none:
		if h.Try {
			return nil
		}
		return h.missing(t, at)
	case unknown:
		h.whichever(t, at)
	default:
		var gone *launch.Label
		// Where others write, what goes may come back as another thing.
		if h.Try && !at.exists && !at.mount.writable && t.shape.find(at.path) == nil {
			gone = t.p.Label("gone " + h.Target)
		}
		t.hide(at, k != folder, gone)
	}
	return nil
}

// hide covers a path. If it is gone when the step runs, the program goes on behind it;
// without gone, that is a failure.
func (t *tree) hide(at place, file bool, gone *launch.Label) {
	t.makeEmpty()
	t.pin(at)
	open := t.open(at)
	if gone != nil {
		open.On(unix.ENOENT, gone).On(unix.ENOTDIR, gone)
	}
	t.cover(file)
	if gone != nil {
		t.p.Here(gone)
	}
	t.mounted(at.path, node{kind: foreign, file: file, hidden: true})
}

// cover moves the empty file or folder onto t.dst.
func (t *tree) cover(file bool) {
	source := "/empty"
	if file {
		source = "/nothing"
	}
	t.p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, source, cloneNamed).To(t.tree)
	t.setAttributes(attributes{readOnly: true, noExec: true})
	t.move()
}

// whichever covers a path in a file system of the kernel's, of which nothing can be told
// before it is mounted: it is opened as a folder, and, if it is none, as a file.
func (h Hide) whichever(t *tree, at place) {
	t.makeEmpty()
	asFile, done := t.p.Label("file "+h.Target), t.p.Label("done "+h.Target)
	name := relative(at.path)
	open := func(how launch.Arg) *launch.Step {
		s := t.p.Call(unix.SYS_OPENAT2, t.new, name, how, sizeofHow).To(t.dst).Retry()
		if h.Try {
			s.On(unix.ENOENT, done)
		}
		return s
	}
	open(inRootFolder).On(unix.ENOTDIR, asFile)
	t.cover(false)
	t.p.Jump(done)
	t.p.Here(asFile)
	if s := open(inRoot); h.Try {
		s.On(unix.ENOTDIR, done) // it lies below a file
	}
	t.cover(true)
	t.p.Here(done)
	if t.shape.find(at.path) != nil { // what is known to be there, or below, is covered
		t.mounted(at.path, node{kind: foreign, hidden: true})
	}
}

// missing keeps a path that does not exist from being made.
func (h Hide) missing(t *tree, at place) error {
	switch {
	case at.cover == "":
		return h.placeholder(t, at)
	case at.mount.cow:
		h.inOverlay(t, at)
		return nil
	case t.isShared(at) && !at.mount.writable:
		return fmt.Errorf("%s does not exist, and the command could make it, as the folder is writable elsewhere in the sandbox", at.path)
	case at.mount.writable:
		if host, ok := at.host(); ok && h.Create {
			if err := t.make(host); err != nil {
				return err
			}
			t.hide(at, false, nil)
			return nil
		}
		return advise(fmt.Errorf("%s does not exist, and %s, where the command could make it, is directly writable", at.path, at.cover),
			"--create-source makes it, an empty folder, before it is hidden; with --cow nothing has to be made")
	}
	// Nobody in the sandbox can make it. One step says so in the plan.
	nothing := t.p.Label("absent " + at.path)
	t.p.Jump(nothing)
	t.p.Here(nothing)
	return nil
}

// isShared reports whether a path lies in something of the host that is writable
// elsewhere in the sandbox.
func (t *tree) isShared(at place) bool {
	host, ok := at.host()
	return ok && t.isGranted(host)
}

// placeholder makes a path in a file system of our own, and covers it.
func (h Hide) placeholder(t *tree, at place) error {
	parent, err := t.shape.resolve(path.Dir(at.path))
	if err != nil {
		return err
	}
	t.create(parent, false)
	if err := t.pinOwn(at.path); err != nil {
		return err
	}
	file := !strings.HasSuffix(h.Target, "/")
	if at, err = t.prepare(at.path, file); err != nil {
		return err
	}
	t.makeEmpty()
	t.cover(file)
	t.mounted(at.path, node{kind: foreign, file: file, hidden: true})
	return nil
}

// makeEmpty makes, once, the empty folder and file that are laid over what is hidden.
func (t *tree) makeEmpty() {
	if t.empty {
		return
	}
	t.empty = true
	t.p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, "/empty", 0o555)
	t.p.Call(unix.SYS_MKNODAT, unix.AT_FDCWD, "/nothing", unix.S_IFREG|0o444, 0)
}
