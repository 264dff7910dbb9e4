package cow

import (
	"golang.org/x/sys/unix"
)

// subfolder looks at a folder of the upper tree and all in it.
func (w *walker) subfolder(p place, name string, c Change, up *unix.Stat_t) error {
	fd, err := openFolder(p.upper, name)
	if err != nil {
		return w.unknown(c.Path, err)
	}
	defer unix.Close(fd)
	if err := w.modes.open(fd, up); err != nil {
		return w.unknown(c.Path, err)
	}
	w.modes.fix(up)
	c.New.Mode = up.Mode
	mine, own, err := xattrs(fd, true)
	if err != nil {
		return w.unknown(c.Path, err)
	}
	next := place{upper: fd, host: -1, path: c.Path, pure: p.pure || string(own[opaqueXattr]) == "y"}
	_, copied := own[originXattr] // there was a folder of the host's
	var theirs map[string][]byte
	switch c.Kind {
	case Modified:
		if next.host, err = openFolder(p.host, name); err != nil {
			return w.unknown(c.Path, err)
		}
		defer unix.Close(next.host)
		var host unix.Stat_t
		if err := unix.Fstat(next.host, &host); err != nil {
			return err
		}
		if err := w.v.openUp(w.layer, c.Path, next.host, &host, 0o500); err != nil {
			return w.unknown(c.Path, err)
		}
		next.clean = w.clean(c.Path, &host)
		if w.relocated(c.Path, &host) {
			defer w.enterMoved()()
		}
		if theirs, _, err = xattrs(next.host, false); err != nil {
			return w.unknown(c.Path, err)
		}
		if c.Old.Mode = w.v.journal.mode(w.layer, c.Path, host.Ino, c.Old.Mode); c.Old.Mode != c.New.Mode {
			c.What |= Mode
		}
	case Replaced:
		if c.Old.Type() == unix.S_IFLNK {
			c.Old.Target, _ = readlink(p.host, name)
		}
		if c.Conflict == "" && copied {
			c.Conflict = "the host's folder is something else now"
		}
		next.pure = true
	case Added:
		if copied {
			c.Conflict = goneOnHost
		}
		next.pure = true
	}
	if c.Xattrs = compareXattrs(theirs, mine); len(c.Xattrs) > 0 {
		c.What |= Xattr
	}
	if c.Kind != Modified {
		c.What = 0
	}
	at := len(w.out)
	if c.Kind != Modified || c.What != 0 {
		w.out = append(w.out, c)
	}
	if err := w.folder(next); err != nil {
		return err
	}
	if w.placeholders[c.Path] && c.Kind == Added && len(w.out) == at+1 {
		w.out = w.out[:at]
	}
	return nil
}
