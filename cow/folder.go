package cow

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// folder makes a folder, open to its owner only, or notes that one is to get another
// mode in the end.
func (a *applier) folder(c *Change) (ok bool) {
	if a.o.DryRun {
		a.mode(c)
		a.report(c, Applied, "")
		return true
	}
	if c.Kind != Modified {
		if err := a.mkdir(c); err != nil {
			a.failed(c, err)
			return false
		}
	}
	a.folders = append(a.folders, c)
	return true
}

func (a *applier) mkdir(c *Change) error {
	parent, base, err := a.parent(c)
	if err != nil {
		return err
	}
	// What comes into it is ours. A kill may be next.
	if err := a.v.journal.write(entry{Op: "clean", Layer: c.Layer, Path: []byte(c.Path)}); err != nil {
		return err
	}
	if c.Kind == Added {
		if _, _, err := a.expected(parent, base, c); err != nil {
			return err
		}
		err := unix.Mkdirat(parent, base, 0o700)
		if err == unix.EEXIST {
			return conflictError(newOnHost)
		}
		return err
	}
	temp, err := a.temporary(c)
	if err != nil {
		return err
	}
	if err := unix.Mkdirat(parent, temp, 0o700); err != nil {
		return err
	}
	return a.place(parent, temp, base, c)
}

// finish gives folders their attributes and modes, also those that were opened up:
// what lies in a folder before the folder, which may not be open to the caller then.
func (a *applier) finish() {
	last := map[folderKey]*Change{}
	for key := range a.v.journal.modes {
		last[key] = nil
	}
	for _, c := range a.folders {
		last[folderKey{c.Layer, c.Path}] = c
	}
	keys := slices.SortedFunc(maps.Keys(last), func(a, b folderKey) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), strings.Compare(b.path, a.path))
	})
	for _, key := range keys {
		if c := last[key]; c != nil {
			if err := a.attributes(c); err != nil {
				a.failed(c, err)
			} else {
				a.report(c, Applied, "")
			}
		}
		if e, ok := a.v.journal.modes[key]; ok {
			if err := a.v.closeUp(e); err == nil {
				a.v.journal.write(entry{Op: "closed", Layer: e.Layer, Path: e.Path})
			} // else it is tried again, and said, in the end
		}
	}
}

func (a *applier) attributes(c *Change) error {
	s := a.v.sides[c.Layer]
	fd, err := openFolder(s.host, c.Path)
	if err != nil {
		return parentError(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if c.Kind == Modified && !a.o.Force && (st.Ino != c.host.ino || uint64(st.Dev) != c.host.dev) {
		return conflictError(changedOnHost)
	}
	if key := (folderKey{c.Layer, c.Path}); !a.v.journal.modal[key] {
		if err := a.v.journal.write(entry{Op: "attr", Layer: key.layer, Path: []byte(key.path)}); err != nil {
			return err
		}
	}
	if c.Kind != Modified || c.What&Xattr != 0 {
		a.foreign(c)
		if err := a.v.openUp(c.Layer, c.Path, fd, &st, 0o700); err != nil {
			return err
		}
		upper, err := openFolder(s.upper, c.Path)
		if err != nil {
			return err
		}
		want, _, err := xattrs(upper, true)
		unix.Close(upper)
		if err != nil {
			return err
		}
		if c.Path == "." { // the upper folder has only what the command has set
			have, _, err := xattrs(fd, false)
			if err != nil {
				return err
			}
			for name, value := range have {
				if !hasKey(want, name) {
					if want == nil {
						want = map[string][]byte{}
					}
					want[name] = value
				}
			}
		}
		if err := setXattrs(fd, want); err != nil {
			return err
		}
	}
	if c.Kind == Modified && c.What&Mode == 0 {
		return nil
	}
	if err := unix.Chmod(procFD(fd), a.mode(c)); err != nil {
		return err
	}
	if _, ok := a.v.journal.modes[folderKey{c.Layer, c.Path}]; ok {
		return a.v.journal.write(entry{Op: "closed", Layer: c.Layer, Path: []byte(c.Path)})
	}
	return nil
}
