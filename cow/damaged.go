package cow

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Damaged is a folder among the runs that cannot be read as one.
type Damaged struct {
	Name string
	Err  error
}

// DamagedRuns are the folders of the caller's that are no runs, sorted by name.
func DamagedRuns() (list []Damaged, err error) {
	store, err := Dir()
	if err != nil {
		return nil, err
	}
	all, err := os.ReadDir(store)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range all {
		if strings.HasPrefix(e.Name(), unfinished) {
			continue
		}
		if _, err := load(filepath.Join(store, e.Name())); err != nil {
			list = append(list, Damaged{e.Name(), err})
		}
	}
	return list, err
}

// Discard removes what is there, unless a sandbox still uses it (ErrRunning).
func (d Damaged) Discard() error {
	store, err := Dir()
	if err != nil {
		return err
	}
	r := &Run{ID: d.Name, dir: filepath.Join(store, d.Name)}
	lock, err := r.Lock()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrRunning
	}
	if err == nil {
		defer lock.Close()
	}
	return r.Remove()
}

// Discard removes a run and what it keeps, unless it goes on (ErrRunning). What a
// killed Apply has left on the host is removed before; if that is not possible, so
// that nothing is known of it any more, it is in the error and the run is kept, but
// not where the folder itself is gone.
func (r *Run) Discard() error {
	if r.Running() {
		return ErrRunning
	}
	var moved *MovedError
	if err := r.Recover(); err != nil && !errors.As(err, &moved) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lock, err := r.Lock()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrRunning
	}
	if err == nil {
		defer lock.Close()
	}
	return r.Remove()
}

// Size is how many bytes on disk a run takes. What cannot be looked at is left out.
func (r *Run) Size() (bytes int64) {
	for i := range r.Layers {
		filepath.WalkDir(r.Layers[i].upper, func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			if info, err := d.Info(); err == nil {
				bytes += info.Sys().(*syscall.Stat_t).Blocks * 512
			}
			return nil
		})
	}
	return bytes
}
