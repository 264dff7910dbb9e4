package cow

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
