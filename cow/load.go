package cow

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/ending"
)

// NoRunError says that there is no such run.
type NoRunError struct {
	ID   string
	Here string // the folder that a run was to be about
}

func (e *NoRunError) Error() string {
	if e.ID == "" {
		return "there is no copy-on-write run of " + e.Here
	}
	return fmt.Sprintf("there is no copy-on-write run %q", e.ID)
}

// maxRunFile bounds what is read of a run.json.
const maxRunFile = 64 << 20

// Runs are the caller's runs, the newest first. What cannot be read is left out, and
// is in the error.
func Runs() ([]*Run, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var runs []*Run
	errs := []error{err}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), unfinished) {
			clearUnfinished(filepath.Join(dir, e.Name()))
			continue
		}
		r, err := load(filepath.Join(dir, e.Name()))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b *Run) int { return b.Started.Compare(a.Started) })
	return runs, errors.Join(errs...)
}

// clearUnfinished removes what a usandbox that was killed has begun to make.
func clearUnfinished(dir string) {
	if info, err := os.Lstat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
		removeTree(dir)
	}
}

// Newest is the newest run that is about a folder, given by its real path: about the
// folder itself, one that it is in, or one in it. Any other may have been put there by a
// command to which the folder of runs was writable.
func Newest(here string) (*Run, error) {
	runs, err := Runs()
	for _, r := range runs {
		for _, l := range r.Layers {
			if within(l.Dir, here) || within(here, l.Dir) {
				return r, nil
			}
		}
	}
	if err == nil {
		err = &NoRunError{Here: here}
	}
	return nil, err
}

// Find is the run whose ID begins with id.
func Find(id string) (*Run, error) {
	runs, err := Runs()
	var found []*Run
	for _, r := range runs {
		if strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
	}
	switch {
	case len(found) == 0 && err != nil:
		return nil, err
	case len(found) == 0:
		return nil, &NoRunError{ID: id}
	case len(found) > 1:
		return nil, fmt.Errorf("the id %q is short for several runs", id)
	}
	return found[0], nil
}

// Load reads the run in a folder.
func Load(dir string) (*Run, error) { return load(dir) }

func load(dir string) (*Run, error) {
	name := filepath.Join(dir, "run.json")
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxRunFile {
		return nil, fmt.Errorf("%s: too long", name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &Run{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.ID != filepath.Base(dir) {
		return nil, fmt.Errorf("%s: it is about the run %q", name, r.ID)
	}
	r.dir = dir
	r.place()
	return r, nil
}

// Abandon removes the runs whose lock this process has and that no command has run in:
// each was given to a sandbox (sandbox.Cmd.Exec) which could not be set up. The process
// id is no proof: others may have the same, in another PID namespace.
func Abandon() {
	runs, _ := Runs()
	for _, r := range runs {
		if end, err := r.End(); err == nil && !end.Known && r.inherited() {
			r.Remove()
		}
	}
}

// inherited reports whether one of this process's file descriptors is the run's lock.
func (r *Run) inherited() bool {
	var lock unix.Stat_t
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil || unix.Lstat(filepath.Join(r.dir, "status"), &lock) != nil {
		return false
	}
	return slices.ContainsFunc(list, func(e os.DirEntry) bool {
		var st unix.Stat_t
		fd, err := strconv.Atoi(e.Name())
		return err == nil && unix.Fstat(fd, &st) == nil && st.Dev == lock.Dev && st.Ino == lock.Ino
	})
}

// Folder is where the run is on disk.
func (r *Run) Folder() string { return r.dir }

// End is how and when a run ended.
type End struct {
	At     time.Time
	Status unix.WaitStatus
	Known  bool // else usandbox was killed, or the machine stopped
}

// End tells how the run ended.
func (r *Run) End() (End, error) {
	f, err := os.Open(filepath.Join(r.dir, "status"))
	if err != nil {
		return End{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return End{}, err
	}
	var b [8]byte
	n, _ := f.ReadAt(b[:], StatusOffset)
	return End{info.ModTime(), unix.WaitStatus(binary.LittleEndian.Uint32(b[:])), n == len(b)}, nil
}

// Running reports whether the sandbox still exists, or somebody applies the run.
func (r *Run) Running() bool {
	lock, err := r.Lock()
	if err != nil {
		return errors.Is(err, unix.EWOULDBLOCK)
	}
	lock.Close()
	return false
}

// Lock takes the run's lock until the file is closed. The error is EWOULDBLOCK if the
// run still goes on.
func (r *Run) Lock() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(r.dir, "status"), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	if end, err := r.End(); err == nil && !end.Known && !ending.Await(f) {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", f.Name(), unix.EWOULDBLOCK)
	}
	return f, nil
}
