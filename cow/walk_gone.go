package cow

import (
	"golang.org/x/sys/unix"
)

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
