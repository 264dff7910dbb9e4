package cow

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/ending"
	"github.com/usandbox/usandbox/internal/ownfolder"
	"github.com/usandbox/usandbox/internal/realpath"
)

// Run is one copy-on-write run.
type Run struct {
	ID      string    `json:"id"`
	Command []string  `json:"command"`
	Started time.Time `json:"started"`
	PID     int       `json:"pid"` // of the usandbox that began it
	Layers  []Layer   `json:"layers"`

	// Marker is the time on the clock of file systems when the run was made, before the
	// command began. What has a later ctime on the host was changed meanwhile.
	Marker Time `json:"marker"`

	dir    string // on disk
	status *os.File
}

// Time is a time of a file system, struct timespec.
type Time struct {
	Sec  int64 `json:"sec"`
	Nsec int64 `json:"nsec"`
}

// Layer is one folder of a run.
type Layer struct {
	Dir string `json:"dir"` // on the host, without symlinks

	// Dev and Ino are what Dir was when the run began.
	Dev uint64 `json:"dev"`
	Ino uint64 `json:"ino"`

	// Mode are Dir's permission bits, and Mtime its time of modification. The upper
	// folder begins with them, as they are what the command sees.
	Mode  uint32 `json:"mode"`
	Mtime Time   `json:"mtime"`

	// Placeholders are paths below Dir that were made in the upper folder as mount
	// points: no change of the command's.
	Placeholders []string `json:"placeholders,omitempty"`

	// Part is the folder that was asked for, if this layer is only a part of it; Split
	// says that other layers are mounted below this one.
	Part  string `json:"part,omitempty"`
	Split bool   `json:"split,omitempty"`

	upper, work, lower string
}

// Lower is the folder that the layer reads from: Dir, or a copy if it was split.
func (l *Layer) Lower() string {
	if l.Split {
		return l.lower
	}
	return l.Dir
}

// Upper is the folder with what was changed.
func (l *Layer) Upper() string { return l.upper }

// Work is the folder that overlayfs needs.
func (l *Layer) Work() string { return l.work }

// New describes a new run of a command on folders of the host. Nothing is made on
// disk before [Run.Make].
func New(command, dirs []string) (*Run, error) {
	store, err := Dir()
	if err != nil {
		return nil, err
	}
	r := &Run{ID: newID(), Command: command, Started: time.Now(), PID: os.Getpid()}
	r.dir = filepath.Join(store, r.ID)
	var layers []Layer
	for _, dir := range dirs {
		l, err := newLayer(dir, store)
		if err != nil {
			return nil, err
		}
		for _, other := range layers {
			if within(other.Dir, l.Dir) || within(l.Dir, other.Dir) {
				return nil, fmt.Errorf("%s and %s: one is in the other", other.Dir, l.Dir)
			}
		}
		layers = append(layers, l)
	}
	points := mountPoints(layers)
	for _, l := range layers {
		parts, err := takeApart(l, points)
		if err != nil {
			return nil, err
		}
		r.Layers = append(r.Layers, parts...)
	}
	r.place()
	return r, nil
}

func newLayer(dir, store string) (l Layer, err error) {
	real, err := realpath.Of(dir)
	if err != nil {
		return l, err
	}
	if l, err = layerOf(real); err == nil && within(l.Dir, store) {
		err = &StoreInsideError{Dir: l.Dir, Store: store}
	}
	return l, err
}

// layerOf is a layer for the folder of a real path.
func layerOf(dir string) (l Layer, err error) {
	l.Dir = dir
	var st unix.Stat_t
	switch err := unix.Lstat(dir, &st); {
	case err != nil:
		return l, fmt.Errorf("%s: %w", dir, err)
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return l, fmt.Errorf("%s is no folder", dir)
	}
	l.Dev, l.Ino, l.Mode = uint64(st.Dev), st.Ino, st.Mode&0o7777
	l.Mtime = Time{st.Mtim.Sec, st.Mtim.Nsec}
	return l, nil
}

// StoreInsideError says that a folder holds the one where its changes would be kept.
type StoreInsideError struct {
	Dir, Store string
}

func (e *StoreInsideError) Error() string {
	return fmt.Sprintf("%s holds %s, where the changes would be kept", e.Dir, e.Store)
}

// idLetters are easily told apart.
const idLetters = "abcdefghjkmnpqrstuvwxyz23456789"

func newID() string {
	var b [6]byte
	for i := range b {
		b[i] = idLetters[rand.IntN(len(idLetters))]
	}
	return string(b[:])
}

// place sets the paths of the layers.
func (r *Run) place() {
	for i := range r.Layers {
		l := &r.Layers[i]
		l.upper = filepath.Join(r.dir, strconv.Itoa(i), "upper")
		l.work = filepath.Join(r.dir, strconv.Itoa(i), "work")
		l.lower = filepath.Join(r.dir, strconv.Itoa(i), "lower")
	}
}

// unfinished is what the name of a run's folder begins with until all of it is there.
const unfinished = ".new-"

// Make makes the run on disk, all of it or nothing, and takes its lock, which goes on
// to a program that is executed.
func (r *Run) Make() (err error) {
	store, final := filepath.Split(r.dir)
	if err := ownfolder.Make(filepath.Clean(store)); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			r.Remove()
		}
		r.dir = store + final
		r.place()
	}()
	r.dir = store + unfinished + final
	r.place()
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		return err
	}
	if err := unix.Setxattr(r.dir, "user.usandbox", []byte(r.ID), 0); err != nil {
		return &StoreError{Dir: r.dir, Err: err}
	}
	fd, err := unix.Open(filepath.Join(r.dir, "status"), unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &os.PathError{Op: "create", Path: filepath.Join(r.dir, "status"), Err: err}
	}
	r.status = os.NewFile(uintptr(fd), "status")
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w", r.status.Name(), err)
	}
	// Before anything is copied, since what changes on the host after that is a conflict.
	if err := r.mark(); err != nil {
		return fmt.Errorf("read the clock of file systems: %w", err)
	}
	left := budget{maxCopied, maxCopiedSize}
	for i := range r.Layers {
		l := &r.Layers[i]
		if err := l.make(); err != nil {
			return err
		}
		if l.Split {
			if err := l.makeSkeleton(&left); err != nil {
				return err
			}
		}
	}
	text, err := r.encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "run.json"), text, 0o600); err != nil {
		return err
	}
	return os.Rename(r.dir, store+final)
}

// make makes the folders of a layer. The root of an overlay has the mode and the
// times of its upper folder.
func (l *Layer) make() error {
	if err := os.Mkdir(filepath.Dir(l.upper), 0o700); err != nil {
		return err
	}
	for dir, mode := range map[string]os.FileMode{l.upper: os.FileMode(l.Mode & 0o777), l.work: 0o700} {
		if err := os.Mkdir(dir, mode); err != nil {
			return err
		}
	}
	if err := unix.Chmod(l.upper, l.Mode); err != nil {
		return fmt.Errorf("set the mode of %s: %w", l.upper, err)
	}
	t := unix.Timespec{Sec: l.Mtime.Sec, Nsec: l.Mtime.Nsec}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, l.upper, []unix.Timespec{t, t}, 0); err != nil {
		return fmt.Errorf("set the times of %s: %w", l.upper, err)
	}
	return nil
}

// Where things are in the status file: first the number of the process after which
// nothing of the sandbox is left.
const (
	TickOffset   = 8  // a struct timespec: the command must not run while CLOCK_REALTIME_COARSE tells this; see mark
	StatusOffset = 24 // the command's wait status, 8 bytes
)

// StatusFile is where the command's wait status is to be written, by whoever
// waits for it. Nil if the run was not made by this process.
func (r *Run) StatusFile() *os.File { return r.status }

// Uses records the process, one of the sandbox's, after the end of which nothing of it
// is left: if whoever has the lock is killed, it may live for a moment longer.
func (r *Run) Uses(pid int) error { return ending.Record(r.status, pid) }

// Ended records the command's wait status and gives the lock back.
func (r *Run) Ended(status unix.WaitStatus) error {
	var b [8]byte
	b[0], b[1] = byte(status), byte(status>>8)
	_, err := r.status.WriteAt(b[:], StatusOffset)
	return errors.Join(err, r.status.Close())
}

// Kept is what a user is told when the command has ended.
func (r *Run) Kept() string {
	return fmt.Sprintf("the changes are kept aside: usandbox diff %[1]s, then usandbox apply %[1]s or usandbox discard %[1]s", r.ID)
}

// Changed reports whether the command changed anything in a folder of the run, or may
// have: it looks at the upper folders themselves only, unless something was made there
// for the sandbox.
func (r *Run) Changed() bool {
	for i := range r.Layers {
		l := &r.Layers[i]
		var st unix.Stat_t
		list, err := os.ReadDir(l.upper)
		if len(list) > 0 && len(l.Placeholders) > 0 {
			return r.reviewChanged()
		}
		if err != nil || len(list) > 0 || unix.Lstat(l.upper, &st) != nil || st.Mode&0o7777 != l.Mode {
			return true
		}
	}
	return false
}

// reviewChanged reports the same after a look at all.
func (r *Run) reviewChanged() bool {
	v, err := r.Review()
	if err != nil {
		return true
	}
	defer v.Close()
	changes, err := v.Changes()
	return err != nil || len(changes) > 0
}

// Remove removes the run and what it keeps. What cannot be removed is in the error.
func (r *Run) Remove() error {
	if r.status != nil {
		r.status.Close()
		r.status = nil
	}
	// Half of a run would look like another one: it goes at once, and then bit by bit.
	store, name := filepath.Split(r.dir)
	if gone := store + unfinished + "gone-" + name; os.Rename(r.dir, gone) == nil {
		return removeTree(gone)
	}
	return removeTree(r.dir)
}
