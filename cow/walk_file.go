package cow

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// file compares a regular file with the host's. A whiteout may be an empty file.
func (w *walker) file(p place, name string, c *Change, up *unix.Stat_t) (whiteout bool, err error) {
	fd, err := openBeneath(p.upper, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	if err := w.modes.open(fd, up); err != nil {
		return false, err
	}
	w.modes.fix(up)
	c.New.Mode = up.Mode
	mine, own, err := xattrs(fd, true)
	if err != nil {
		return false, err
	}
	if _, ok := own[whiteoutXattr]; ok && up.Size == 0 {
		return true, nil
	}
	if _, ok := own[originXattr]; ok && c.Kind == Added && !p.pure {
		w.origins = append(w.origins, origin{len(w.out), p.clean})
	}
	if c.Kind != Modified {
		c.Xattrs = compareXattrs(nil, mine)
		return false, nil
	}
	other, err := openBeneath(p.host, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return false, err
	}
	defer unix.Close(other)
	theirs, _, err := xattrs(other, false)
	if errors.Is(err, fs.ErrPermission) { // the host's has no permissions: its time has to do
		if theirs = mine; c.Old.Mtime != c.New.Mtime {
			theirs = nil
		}
	} else if err != nil {
		return false, err
	}
	if c.Xattrs = compareXattrs(theirs, mine); len(c.Xattrs) > 0 {
		c.What |= Xattr
	}
	if c.Old.Size != c.New.Size {
		c.What |= Content
		return false, nil
	}
	same, err := w.same(fd, other)
	if errors.Is(err, fs.ErrPermission) {
		same, err = c.Old.Mtime == c.New.Mtime, nil
	}
	if !same {
		c.What |= Content
	}
	return false, err
}

// same compares the contents of two files, open with O_PATH.
func (w *walker) same(a, b int) (bool, error) {
	x, err := reopen(a, "")
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := reopen(b, "")
	if err != nil {
		return false, err
	}
	defer y.Close()
	return w.compare.same(x, y)
}
