package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Bind shows a file or folder of the host in the sandbox, with everything that
// is mounted below it. Set-user-id bits in it have no effect, and neither have
// device nodes unless Devices is set. The zero value of the flags is read-only.
type Bind struct {
	Source   string // absolute, on the host; symlinks in it are followed there
	Target   string // absolute, in the sandbox
	Writable bool   // Warning: the command can change what is there
	Devices  bool   // Warning: device nodes in it work
	NoExec   bool   // nothing in it can be executed
	Try      bool   // a missing source is no error
	Create   bool   // a missing source is a folder that is made before, see [Missing]; not with Try
	Is       FileID // which file Source has to be when it is mounted; zero: whichever it is
	Socket   bool   // Source has to be a unix socket when it is mounted
	Origin   string // the flag or profile line that asks for it

	// In a loose tree only: a file descriptor that is closed once the mount is there.
	Done *int

	within string // the real path of a folder out of which no symlink may lead; "": any may
}

// Where is the bind's target.
func (b Bind) Where() string  { return b.Target }
func (b Bind) origin() string { return b.Origin }

func (b Bind) String() string {
	text := "bind " + b.Source
	if b.Target != b.Source {
		text += " on " + b.Target
	}
	if !b.Writable {
		text += " read-only"
	}
	return text
}

func (b Bind) check() error {
	if err := checkPath(b.Source); err != nil {
		return err
	}
	if b.Create && b.Try {
		return errors.New("a missing source cannot both be made and be no error")
	}
	if !path.IsAbs(b.Source) {
		return fmt.Errorf("the source %q is not absolute", b.Source)
	}
	return checkTarget(b.Target)
}

func (b Bind) compile(t *tree) error {
	source, file, err := t.source(b.Source)
	if b.Create && errors.Is(err, fs.ErrNotExist) {
		source, err = t.createSource(b.Source)
		file = false
	}
	if err != nil {
		if b.Try && errors.Is(err, fs.ErrNotExist) {
			if t.loose != nil {
				b.byName(t)
			}
			return nil
		}
		return err
	}
	if b.within != "" && source != b.within && !strings.HasPrefix(source, strings.TrimSuffix(b.within, "/")+"/") {
		return advise(fmt.Errorf("%s leads out of %s, to %s, by a symlink that only a wildcard names", b.Source, b.within, source),
			"name it itself, if you trust it")
	}
	at, err := t.prepare(b.Target, file)
	if err != nil {
		return err
	}
	if err := t.checkForeign(at, file); err != nil {
		return err
	}
	perhaps := b.Try && t.loose == nil // a loose tree's sources are looked for once
	if perhaps && at.cover != "" && at.mount.writable {
		// Should the source be gone, what comes later relies on a mount point here.
		t.p.Close(t.dst)
		t.pinOne(at)
		t.open(at)
	}
	var gone *launch.Label
	if perhaps {
		gone = t.p.Label("gone " + b.Target)
	}
	t.doing(StageMount, source, "")
	t.openSource(source, gone)
	if b.Is != (FileID{}) {
		t.identify(source, b.Is)
		t.doing(StageMount, source, b.String())
	}
	if b.Socket {
		t.needSocket(source)
		t.p.Doing(b.String())
	}
	t.p.Call(unix.SYS_OPEN_TREE, t.src, "", cloneTree).To(t.tree)
	t.doing(StageAttributes, source, "")
	t.setAttributes(b.attributes())
	t.doing(StageMount, source, "")
	t.moveTo(at)
	t.p.Close(t.tree, t.src)
	if b.Done != nil {
		t.doing(StageDone, source, "")
		t.p.Call(unix.SYS_CLOSE, *b.Done)
	}
	if perhaps {
		done := t.p.Label("done " + b.Target)
		t.p.Jump(done)
		t.p.Here(gone)
		t.p.Close(t.dst)
		t.p.Here(done)
	}
	// Without the source, what is there is what was there.
	writable := b.Writable || perhaps && (at.mount.writable || t.shape.find(at.path).grants())
	t.mounted(at.path, node{kind: foreign, source: source, writable: writable, file: file, devices: b.Devices})
	return nil
}

// checkForeign looks at a destination that lies in a mount of the host: usandbox
// makes no mount point there, and a file and a folder do not go together. The
// kernel would say so too, in fewer words.
func (t *tree) checkForeign(at place, file bool) error {
	if t.loose != nil {
		return nil // the kernel says so
	}
	host, ok := at.host()
	if !ok {
		return nil
	}
	if at.mount.layers != nil { // host is in but one of them
		switch k, err := t.kind(at); {
		case err != nil:
			return err
		case k != none && (k == folder) == file:
			return mismatch(at.path, file)
		case k != none:
			return nil
		}
	}
	info, err := os.Stat(host)
	switch {
	case t.willExist(host) && !file:
		return nil
	case errors.Is(err, unix.ENOTDIR):
		return fmt.Errorf("%s lies below a file", at.path)
	case errors.Is(err, fs.ErrNotExist) && at.mount.writable:
		return advise(fmt.Errorf("the mount point %s does not exist, and none is made in a folder of the host", at.path),
			"create %s first", host)
	case errors.Is(err, fs.ErrNotExist):
		return advise(fmt.Errorf("the mount point %s does not exist, and its parent is read-only", at.path),
			"choose a destination outside %s", at.cover)
	case err == nil && info.IsDir() == file:
		return mismatch(at.path, file)
	}
	return nil
}
