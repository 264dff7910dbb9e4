package mounts

import (
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadOnly makes what is at a path read-only, with everything mounted below it:
// it is mounted on itself. Below a writable bind every folder that leads to it
// becomes a mount point too, so that it cannot be walked around by a rename.
type ReadOnly struct {
	Target string
	Try    bool // a missing path is no error
	Origin string
}

// Where is the path.
func (r ReadOnly) Where() string  { return r.Target }
func (r ReadOnly) origin() string { return r.Origin }
func (r ReadOnly) String() string { return "make " + r.Target + " read-only" }
func (r ReadOnly) check() error   { return checkTarget(r.Target) }

func (r ReadOnly) compile(t *tree) error {
	at, err := t.resolve(r.Target)
	if err != nil {
		return err
	}
	file, err := t.isFile(at)
	if err != nil {
		if r.Try && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	t.pin(at)
	t.open(at)
	t.cloneSelf()
	t.p.Call(unix.SYS_MOUNT_SETATTR, t.tree, "", setRecursive, setAttr("ro", unix.MOUNT_ATTR_RDONLY), sizeofAttr)
	t.move()
	n := node{kind: foreign, file: file, hidden: at.mount.hidden}
	n.devices = at.mount.devices || t.shape.find(at.path).hasDevices()
	n.source, _ = at.host()
	n.layers = at.mount.below(strings.TrimPrefix(at.path, at.cover))
	n.frozen = t.shape.freeze(at, n)
	t.mounted(at.path, n)
	return nil
}
