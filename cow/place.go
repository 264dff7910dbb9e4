package cow

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"golang.org/x/sys/unix"
)

// maxParents bounds how many folders are kept open.
const maxParents = 256

// parent opens the host's folder that a change is in, without following a symlink, and
// makes it writable for its owner.
func (a *applier) parent(c *Change) (fd int, base string, err error) {
	dir, base := cutPath(c.Path)
	fd, err = a.openParent(folderKey{c.Layer, dir})
	return fd, base, err
}

func (a *applier) openParent(key folderKey) (int, error) {
	if fd, ok := a.parents[key]; ok {
		return fd, nil
	}
	fd, err := openFolder(a.v.sides[key.layer].host, key.path)
	if err != nil {
		return -1, parentError(err)
	}
	if !a.o.DryRun {
		if err := a.prepare(key, fd); err != nil {
			unix.Close(fd)
			return -1, err
		}
	}
	a.parents[key] = fd
	return fd, nil
}

// parentError says what is wrong with the folder that something is to be in.
func parentError(err error) error {
	switch err {
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP:
		return conflictError("the folder that it is in is gone or something else on the host")
	case unix.EXDEV:
		return conflictError("something is mounted over the folder that it is in")
	}
	return err
}

// prepare notes what is to be known of a folder that is going to change.
func (a *applier) prepare(key folderKey, fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if !(Time{st.Mtim.Sec, st.Mtim.Nsec}).After(a.v.Run.Marker) && !a.v.journal.clean[key] {
		if err := a.v.journal.write(entry{Op: "clean", Layer: key.layer, Path: []byte(key.path)}); err != nil {
			return err
		}
	}
	return a.v.openUp(key.layer, key.path, fd, &st, 0o700)
}

// room keeps the number of open folders bounded.
func (a *applier) room() {
	if len(a.parents) >= maxParents {
		a.flush()
		a.closeParents()
	}
}

func (a *applier) closeParents() {
	for key, fd := range a.parents {
		unix.Close(fd)
		delete(a.parents, key)
	}
}

// temporaryPrefix begins all names beside targets.
const temporaryPrefix = ".usandbox-"

// temporary is a new name beside a target, which is in the journal.
func (a *applier) temporary(c *Change) (string, error) {
	var b [8]byte
	rand.Read(b[:])
	name := temporaryPrefix + a.v.Run.ID + "-" + hex.EncodeToString(b[:])
	dir, _ := cutPath(c.Path)
	return name, a.v.journal.write(entry{Op: "temp", Layer: c.Layer, Path: []byte(place{path: dir}.join(name))})
}

// expected checks that what is on the host is what it was when the changes were listed.
func (a *applier) expected(parent int, base string, c *Change) (st unix.Stat_t, found bool, err error) {
	st, found, err = look(parent, base)
	if err != nil || a.o.Force {
		return st, found, err
	}
	was := c.Kind != Added
	switch now := identify(&st); {
	case !found && was:
		return st, found, conflictError(goneOnHost)
	case found && !was:
		return st, found, conflictError(newOnHost)
	case found && (!c.host.unwritten(now) ||
		st.Mode&unix.S_IFMT != unix.S_IFDIR && now.ctime != c.host.ctime && !a.v.journal.touched[st.Ino]):
		return st, found, conflictError(changedOnHost)
	}
	return st, found, nil
}

// place gives what was made under a temporary name its own. What lies there goes, if
// it is what is expected; the two are exchanged, so that there always is one, and what
// comes out is looked at before it is removed.
func (a *applier) place(parent int, temp, base string, c *Change) error {
	st, found, err := a.expected(parent, base, c)
	if err != nil {
		return a.drop(parent, temp, c, err)
	}
	if !found {
		err := unix.Renameat2(parent, temp, parent, base, unix.RENAME_NOREPLACE)
		switch err {
		case nil:
			return nil
		case unix.EEXIST:
			err = conflictError(newOnHost)
		case unix.EINVAL: // the file system cannot; a moment is left between look and rename
			if err = unix.Renameat(parent, temp, parent, base); err == nil {
				return nil
			}
		}
		return a.drop(parent, temp, c, err)
	}
	if st.Nlink > 1 && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if err := a.v.journal.touch(st.Ino); err != nil {
			return a.drop(parent, temp, c, err)
		}
	}
	old := identify(&st)
	dir, _ := cutPath(c.Path)
	swap := entry{Op: "swap", Layer: c.Layer, Path: []byte(place{path: dir}.join(temp)), Name: []byte(base),
		Ino: old.ino, Mode: old.mode, Size: old.size, Mtime: &old.mtime}
	if err := a.v.journal.write(swap); err != nil {
		return a.drop(parent, temp, c, err)
	}
	switch err := unix.Renameat2(parent, temp, parent, base, unix.RENAME_EXCHANGE); err {
	case nil:
	case unix.EINVAL:
		return a.placeOver(parent, temp, base, c, &st)
	case unix.ENOENT:
		return a.drop(parent, temp, c, conflictError(goneOnHost))
	default:
		return a.drop(parent, temp, c, err)
	}
	out, found, err := look(parent, temp)
	if err == nil && found && (a.o.Force || old.unwritten(identify(&out))) {
		err = unlink(parent, temp, out.Mode)
		if err == nil || err == unix.ENOENT {
			return nil
		}
		if err == unix.ENOTEMPTY {
			err = conflictError(keptBelow)
		}
	} else if err == nil {
		err = conflictError(changedOnHost)
	}
	if back := unix.Renameat2(parent, temp, parent, base, unix.RENAME_EXCHANGE); back != nil {
		return fmt.Errorf("%w; the host's file is %s now", err, temp)
	}
	return a.drop(parent, temp, c, err)
}

// placeOver is for file systems that exchange nothing.
func (a *applier) placeOver(parent int, temp, base string, c *Change, st *unix.Stat_t) error {
	var err error
	if folder := st.Mode&unix.S_IFMT == unix.S_IFDIR; folder || c.New.Type() == unix.S_IFDIR {
		if err = unlink(parent, base, st.Mode); err == unix.ENOTEMPTY {
			err = conflictError(keptBelow)
		}
	}
	if err == nil {
		err = unix.Renameat(parent, temp, parent, base)
	}
	if err != nil {
		return a.drop(parent, temp, c, err)
	}
	return nil
}

// drop removes what was made in vain, and returns why.
func (a *applier) drop(parent int, temp string, c *Change, why error) error {
	if err := unlink(parent, temp, c.New.Mode); err != nil && err != unix.ENOENT {
		return fmt.Errorf("%w; %s is left: %w", why, temp, err)
	}
	return why
}

// remove removes something from the host that the command has deleted.
func (a *applier) remove(c *Change) {
	if c.Kind != Deleted {
		if c.Kind == Unknown {
			a.report(c, Conflict, c.Conflict)
		}
		return
	}
	if ok, why := a.allowed(c); !ok {
		a.report(c, Conflict, why)
		return
	}
	if a.o.DryRun {
		a.report(c, Applied, "")
		return
	}
	a.room()
	if err := a.unlink(c); err != nil {
		a.failed(c, err)
		return
	}
	a.report(c, Applied, "")
}

func (a *applier) unlink(c *Change) error {
	parent, base, err := a.parent(c)
	if err != nil {
		return err
	}
	st, found, err := a.expected(parent, base, c)
	if err != nil || !found {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		if fd, ok := a.parents[folderKey{c.Layer, c.Path}]; ok {
			unix.Close(fd)
			delete(a.parents, folderKey{c.Layer, c.Path})
		}
	} else if st.Nlink > 1 {
		if err := a.v.journal.touch(st.Ino); err != nil {
			return err
		}
	}
	err = unlink(parent, base, st.Mode)
	if err == unix.ENOTEMPTY {
		return conflictError(keptBelow)
	}
	return err
}
