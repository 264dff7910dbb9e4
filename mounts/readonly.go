package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

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
	host, _ := at.host()
	t.mounted(at.path, node{kind: foreign, source: host, file: file})
	return nil
}

// isFile tells whether a path of the tree is a file or a folder, from what is
// known of our own file systems or from what the host has there now.
func (t *tree) isFile(at place) (bool, error) {
	if at.exists {
		return at.node.kind == ownFile || at.node.file, nil
	}
	host, ok := at.host()
	if !ok {
		return false, fmt.Errorf("%s: %w", at.path, fs.ErrNotExist)
	}
	info, err := os.Lstat(host)
	if err != nil {
		return false, err
	}
	return !info.IsDir(), nil
}
