package cow

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// maxPath is how long a path below a layer's folder may be: what the kernel takes. The
// paths of all that lies in a deeper tree would take memory with the square of its depth.
const maxPath = unix.PathMax - 1

// walker walks an upper folder and, beside it, the host's.
type walker struct {
	*side
	v            *Review
	layer        int
	placeholders map[string]bool
	compare      comparer
	out          []Change
	origins      []origin        // added ones that were copied up
	sources      map[uint64]bool // inodes in the upper folder with a name that the host has, too
	elsewhere    bool            // the folder that is looked at is another one on the host now
}

// origin is an added file that the kernel copied up, so that it came from the host: it
// was renamed, or the host has lost it meanwhile.
type origin struct {
	index int
	clean bool // nothing came or went in the host's folder since the run began
}

// place is a folder in both trees.
type place struct {
	upper, host int // -1: none
	path        string
	pure        bool // nothing of the host's is seen in it
	clean       bool // nothing came or went in the host's since the run began
}

func (p place) join(name string) string {
	if p.path == "." {
		return name
	}
	return p.path + "/" + name
}

// root looks at the layer's folder itself and all below it.
func (w *walker) root() error {
	var up, host unix.Stat_t
	if err := errors.Join(unix.Fstat(w.upper, &up), unix.Fstat(w.host, &host)); err != nil {
		return err
	}
	w.sources = map[uint64]bool{}
	if err := w.modes.open(w.upper, &up); err != nil {
		return err
	}
	w.modes.fix(&up)
	// The upper folder began with the host's mode, and with no attributes.
	c := Change{Layer: w.layer, Path: ".", Kind: Modified, Old: info(&host), New: info(&up), host: identify(&host)}
	if up.Mode&0o7777 != w.Mode && up.Mode != host.Mode {
		c.What |= Mode
	}
	mine, _, err := xattrs(w.upper, true)
	if err != nil {
		return err
	}
	theirs, _, err := xattrs(w.host, false)
	if err != nil {
		return err
	}
	maps.DeleteFunc(theirs, func(name string, _ []byte) bool { _, ok := mine[name]; return !ok })
	if c.Xattrs = compareXattrs(theirs, mine); len(c.Xattrs) > 0 {
		c.What |= Xattr
	}
	if c.What != 0 {
		w.out = append(w.out, c)
	}
	return w.folder(place{w.upper, w.host, ".", false, w.clean(".", &host)})
}

// folder looks at all in a folder.
func (w *walker) folder(p place) error {
	names, err := list(p.upper)
	if err != nil {
		return w.unknown(p.path, err)
	}
	if p.pure && p.host >= 0 { // what the host has, and the command has not, is deleted
		more, err := list(p.host)
		if err != nil {
			return w.unknown(p.path, err)
		}
		names = slices.Concat(names, more)
		slices.Sort(names)
		names = slices.Compact(names)
	}
	for _, name := range names {
		if err := w.entry(p, name); err != nil {
			return err
		}
	}
	return nil
}

// unknown notes what cannot be looked at, unless it is an error of ours.
func (w *walker) unknown(path string, err error) error {
	why := "it cannot be looked at: " + err.Error()
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.EMFILE):
	case errors.Is(err, unix.EXDEV):
		why = "something is mounted there on the host"
	case errors.Is(err, unix.ENAMETOOLONG):
		why = fmt.Sprintf("its path is longer than %d bytes", maxPath)
	default:
		return fmt.Errorf("%q: %w", path, err)
	}
	w.out = append(w.out, Change{Layer: w.layer, Path: path, Kind: Unknown, Conflict: why})
	return nil
}

// entry looks at one name in a folder.
func (w *walker) entry(p place, name string) error {
	path := p.join(name)
	if len(path) > maxPath {
		return w.unknown(path, unix.ENAMETOOLONG)
	}
	up, inUpper, err := look(p.upper, name)
	if err != nil {
		return w.unknown(path, err)
	}
	var host unix.Stat_t
	onHost := false
	if p.host >= 0 {
		if host, onHost, err = look(p.host, name); err != nil {
			return w.unknown(path, err)
		}
	}
	if !inUpper || up.Mode&unix.S_IFMT == unix.S_IFCHR && up.Rdev == 0 {
		if onHost {
			_, err = w.gone(p.host, name, path, &host)
		}
		return err
	}
	c := Change{Layer: w.layer, Path: path, Kind: Added, New: info(&up)}
	if onHost {
		c.Old, c.host, c.Kind = info(&host), identify(&host), Replaced
		if c.Old.Type() == c.New.Type() {
			c.Kind = Modified
		}
		c.Conflict = w.meanwhile(&host)
	}
	switch up.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return w.subfolder(p, name, c, &up)
	case unix.S_IFLNK:
		if c.New.Target, err = readlink(p.upper, name); err != nil {
			return w.unknown(path, err)
		}
	case unix.S_IFREG:
		whiteout, err := w.file(p, name, &c, &up)
		if err != nil {
			return w.unknown(path, err)
		}
		if whiteout {
			if onHost {
				_, err = w.gone(p.host, name, path, &host)
			}
			return err
		}
	default:
		w.modes.fix(&up)
		c.New.Mode = up.Mode
	}
	if onHost && host.Mode&unix.S_IFMT == unix.S_IFLNK {
		if c.Old.Target, err = readlink(p.host, name); err != nil {
			return w.unknown(path, err)
		}
	}
	if up.Nlink > 1 {
		c.inode = up.Ino
		w.sources[up.Ino] = w.sources[up.Ino] || onHost
	}
	if c.Kind == Modified {
		switch {
		case c.New.Type() == unix.S_IFLNK:
			if c.Old.Target != c.New.Target {
				c.What |= Symlink
			}
		case c.Old.Mode != c.New.Mode:
			c.What |= Mode
		}
		if bits := uint32(unix.S_ISUID | unix.S_ISGID); c.What == Mode && (c.Old.Mode^c.New.Mode)&^bits == 0 {
			c.Conflict = "" // Apply has dropped them; all else is as it should be
		}
		if c.What == 0 {
			if key := (leaderKey{w.layer, up.Ino}); c.inode != 0 && w.v.same[key] == "" {
				w.v.same[key] = path
			}
			return nil
		}
	}
	if w.placeholders[path] && c.Kind == Added && c.New.Type() == unix.S_IFREG && c.New.Size == 0 {
		return nil
	}
	at := len(w.out)
	w.out = append(w.out, c)
	if host.Mode&unix.S_IFMT == unix.S_IFDIR && onHost { // a folder made way
		kept, err := w.goneFrom(p.host, name, path)
		if err != nil {
			return err
		}
		if kept {
			w.out[at].Conflict = keptBelow
		} else if made(p.host, name, w.v.Run.Marker) {
			w.out[at].Conflict = newOnHost
		}
	}
	return nil
}

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

// gone notes that something of the host's was deleted. Kept: some of it was changed
// meanwhile.
func (w *walker) gone(dir int, name, path string, st *unix.Stat_t) (kept bool, err error) {
	c := Change{Layer: w.layer, Path: path, Kind: Deleted, Old: info(st), host: identify(st), Conflict: w.meanwhile(st)}
	if c.Old.Type() == unix.S_IFLNK {
		if c.Old.Target, err = readlink(dir, name); err != nil {
			return true, w.unknown(path, err)
		}
	}
	at := len(w.out)
	w.out = append(w.out, c)
	if c.Old.Type() == unix.S_IFDIR {
		kept, err := w.goneFrom(dir, name, path)
		if err != nil {
			return true, err
		}
		if kept {
			w.out[at].Conflict = keptBelow
		} else if made(dir, name, w.v.Run.Marker) {
			w.out[at].Conflict = newOnHost
		}
	}
	return w.out[at].Conflict != "", nil
}

// goneFrom notes that all in a folder of the host's was deleted.
func (w *walker) goneFrom(dir int, name, path string) (kept bool, err error) {
	fd, err := openFolder(dir, name)
	if err != nil {
		return true, w.unknown(path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return true, err
	}
	if w.relocated(path, &st) {
		defer w.enterMoved()()
	}
	if err := w.v.openUp(w.layer, path, fd, &st, 0o500); err != nil {
		return true, w.unknown(path, err)
	}
	names, err := list(fd)
	if err != nil {
		return true, w.unknown(path, err)
	}
	for _, n := range names {
		st, found, err := look(fd, n)
		if len(path)+len("/")+len(n) > maxPath {
			err = unix.ENAMETOOLONG
		}
		if err != nil {
			kept = true
			if err := w.unknown(path+"/"+n, err); err != nil {
				return true, err
			}
			continue
		}
		if found {
			k, err := w.gone(fd, n, path+"/"+n, &st)
			if err != nil {
				return true, err
			}
			kept = kept || k
		}
	}
	return kept, nil
}

// openUp gives the owner of a folder of the host the permissions that are needed while
// changes are applied.
func (v *Review) openUp(layer int, path string, fd int, st *unix.Stat_t, need uint32) error {
	if !v.apply || st.Mode&need == need || os.Geteuid() == 0 || int(st.Uid) != os.Geteuid() {
		return nil
	}
	return v.journal.openUp(layer, path, fd, st)
}
