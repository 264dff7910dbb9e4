package cow

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// journal is the file of a run in which Apply writes what it is about to do on the
// host, so that after a kill at any moment the next one can clean up and go on:
//
//	temp     a name beside the target, in which something is made
//	swap     that name and the target are about to be exchanged
//	mode     a folder without permissions for its owner is about to get them
//	closed   it has its mode again, or the one that it is to have
//	clean    a folder in which nothing had come or gone before
//	attr     a folder is about to get its mode or attributes, which changes its ctime
//	touched  an inode that has other names, whose ctime is about to change
type journal struct {
	name  string
	file  *os.File
	temps map[folderKey]entry
	modes map[folderKey]entry
	clean map[folderKey]bool
	modal map[folderKey]bool // folders whose modes or attributes were changed at any time

	touched map[uint64]bool
}

// folderKey is a path in a layer.
type folderKey struct {
	layer int
	path  string
}

// entry is one line. Paths are bytes, which JSON has in base64: they need not be UTF-8.
type entry struct {
	Op    string `json:"op"`
	Layer int    `json:"layer"`
	Path  []byte `json:"path,omitempty"`
	Ino   uint64 `json:"ino,omitempty"`
	Mode  uint32 `json:"mode,omitempty"`
	Size  int64  `json:"size,omitempty"`
	Mtime *Time  `json:"mtime,omitempty"`
	Name  []byte `json:"name,omitempty"` // of a swap: the target's last component
}

func (e entry) key() folderKey { return folderKey{e.Layer, string(e.Path)} }

// readJournal reads what there is; a line that was not written to its end is of
// something that was not done.
func readJournal(r *Run) (*journal, error) {
	j := newJournal(filepath.Join(r.dir, "journal"))
	f, err := os.Open(j.name)
	if os.IsNotExist(err) {
		return j, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return j, j.parse(f, len(r.Layers))
}

func newJournal(name string) *journal {
	return &journal{
		name:  name,
		temps: map[folderKey]entry{}, modes: map[folderKey]entry{}, clean: map[folderKey]bool{}, modal: map[folderKey]bool{}, touched: map[uint64]bool{},
	}
}

// parse reads lines about a number of layers; others, and those that are too long to be
// of Apply, count for nothing.
func (j *journal) parse(r io.Reader, layers int) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	for whole := true; ; {
		line, err := lines.ReadSlice('\n')
		var e entry
		if whole && err != bufio.ErrBufferFull && json.Unmarshal(line, &e) == nil && e.Layer >= 0 && e.Layer < layers {
			j.keep(e)
		}
		whole = err == nil
		switch err {
		case nil, bufio.ErrBufferFull:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// ours reports whether a temporary name is one that Apply gives, and a target a name.
func (j *journal) ours(e entry) bool {
	_, base := cutPath(string(e.Path))
	return strings.HasPrefix(base, temporaryPrefix) && (e.Op == "temp" || validName(string(e.Name)))
}

// validName reports whether a name is one component of a path.
func validName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}

func (j *journal) keep(e entry) {
	switch e.Op {
	case "temp", "swap":
		if !j.ours(e) {
			return
		}
		j.temps[e.key()] = e
	case "attr":
		j.modal[e.key()] = true
	case "mode":
		j.modal[e.key()] = true
		if _, before := j.modes[e.key()]; !before {
			j.modes[e.key()] = e
		}
	case "closed":
		delete(j.modes, e.key())
	case "clean":
		j.clean[e.key()] = true
	case "touched":
		j.touched[e.Ino] = true
	}
}

// write adds a line. It is in the kernel's hands when write returns.
func (j *journal) write(e entry) (err error) {
	if j.file == nil {
		if j.file, err = os.OpenFile(j.name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
			return err
		}
		if _, err := j.file.WriteString("\n"); err != nil { // ends a torn line
			return err
		}
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write to %s: %w", j.name, err)
	}
	j.keep(e)
	return nil
}

func (j *journal) close() {
	if j.file != nil {
		j.file.Close()
	}
	j.file = nil
}

// mode is the mode that a folder of the host had before it was opened up.
func (j *journal) mode(layer int, path string, ino uint64, now uint32) uint32 {
	if e, ok := j.modes[folderKey{layer, path}]; ok && e.Ino == ino && now&0o7777 == e.Mode|0o700 {
		return now&unix.S_IFMT | e.Mode
	}
	return now
}

// openUp gives the owner of a folder of the host all permissions, for as long as
// changes are applied.
func (j *journal) openUp(layer int, path string, fd int, st *unix.Stat_t) error {
	if err := j.write(entry{Op: "mode", Layer: layer, Path: []byte(path), Ino: st.Ino, Mode: st.Mode & 0o7777}); err != nil {
		return err
	}
	return unix.Chmod(procFD(fd), st.Mode&0o7777|0o700)
}

// touch notes that the ctime of something with several names is going to change.
func (j *journal) touch(ino uint64) error {
	if j.touched[ino] {
		return nil
	}
	return j.write(entry{Op: "touched", Ino: ino})
}

// closeUp gives a folder that was opened up its mode again.
func (v *Review) closeUp(e entry) error {
	fd, err := openFolder(v.sides[e.Layer].host, string(e.Path))
	if err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP || err == unix.EACCES {
		return nil // what lies in it was given back before
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Ino != e.Ino || st.Mode&0o7777 != e.Mode|0o700 {
		return nil
	}
	return unix.Chmod(procFD(fd), e.Mode)
}

// recover cleans up what a killed Apply has left on the host.
func (v *Review) recover() error {
	var errs []error
	for key, e := range v.journal.temps {
		if err := v.removeTemp(key, e); err != nil {
			errs = append(errs, fmt.Errorf("clean up %s/%s: %w", v.sides[key.layer].Dir, key.path, err))
		}
	}
	return errors.Join(append(errs, v.closeAll())...)
}

// deepestFirst are entries, what lies in a folder before the folder.
func deepestFirst(all map[folderKey]entry) []entry {
	return slices.SortedFunc(maps.Values(all), func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), bytes.Compare(b.Path, a.Path))
	})
}

// closeAll gives all folders that were opened up their modes again, those that lie
// deepest first.
func (v *Review) closeAll() error {
	var errs []error
	for _, e := range deepestFirst(v.journal.modes) {
		if err := v.closeUp(e); err != nil {
			errs = append(errs, fmt.Errorf("restore the mode of %s/%s: %w", v.sides[e.Layer].Dir, e.Path, err))
			continue
		}
		if err := v.journal.write(entry{Op: "closed", Layer: e.Layer, Path: e.Path}); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// removeTemp removes what lies under a temporary name. If it is the host's own file,
// swapped out, and has been written to since, it is put back.
func (v *Review) removeTemp(key folderKey, e entry) error {
	dir, base := cutPath(key.path)
	parent, err := openFolder(v.sides[key.layer].host, dir)
	if err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP || err == unix.EACCES {
		return nil // a folder gets a mode that shuts its owner out when all in it is done
	}
	if err != nil {
		return err
	}
	defer unix.Close(parent)
	st, found, err := look(parent, base)
	if err == unix.EACCES {
		return nil
	}
	if err != nil || !found {
		return err
	}
	if e.Op == "swap" && e.Mtime != nil && st.Ino == e.Ino && st.Mode&unix.S_IFMT == e.Mode&unix.S_IFMT {
		now := identify(&st)
		now.mode = e.Mode // its mode may have been changed for good reason
		if (identity{dev: now.dev, ino: e.Ino, mode: e.Mode, size: e.Size, mtime: *e.Mtime}).unwritten(now) {
			if err := unlink(parent, base, st.Mode); err != unix.ENOTEMPTY {
				return err
			}
		}
		if err := unix.Renameat2(parent, base, parent, string(e.Name), unix.RENAME_EXCHANGE); err != nil {
			return err
		}
		if st, found, err = look(parent, base); err != nil || !found {
			return err
		}
	}
	return unlink(parent, base, st.Mode)
}

// unlink removes a name, be it an empty folder's.
func unlink(dir int, name string, mode uint32) error {
	flags := 0
	if mode&unix.S_IFMT == unix.S_IFDIR {
		flags = unix.AT_REMOVEDIR
	}
	return unix.Unlinkat(dir, name, flags)
}
