package cow

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Review is a look at what a run changed. The run's folders, the host's and the upper
// ones, are opened once.
type Review struct {
	Run *Run

	// Running says that the run had not ended when the review began: what it finds
	// may be half done, and what has no permissions cannot be looked into.
	Running bool

	sides   []*side
	journal *journal
	apply   bool                 // folders of the host without permissions may be opened up
	same    map[leaderKey]string // of files with several names: one that the host has as it should be
}

// side is a layer with its two folders open.
type side struct {
	*Layer
	host, upper int
	modes       *modes
}

// MovedError says that a folder is not the one that the run began with.
type MovedError struct{ Dir string }

func (e *MovedError) Error() string {
	return fmt.Sprintf("%s is not the folder any more that the run began with", e.Dir)
}

// Review opens the run's folders. They have to be what they were when it began; else
// the error is a *MovedError. It changes nothing on the host.
func (r *Run) Review() (*Review, error) {
	return r.review(r.Running())
}

func (r *Run) review(running bool) (_ *Review, err error) {
	v := &Review{Run: r, Running: running}
	defer func() {
		if err != nil {
			v.Close()
		}
	}()
	if v.journal, err = readJournal(r); err != nil {
		return nil, err
	}
	for i := range r.Layers {
		s := &side{Layer: &r.Layers[i], host: -1, upper: -1}
		v.sides = append(v.sides, s)
		if s.host, err = openRoot(s.Dir); err != nil {
			return nil, err
		}
		var st unix.Stat_t
		if err := unix.Fstat(s.host, &st); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Dir, err)
		}
		if uint64(st.Dev) != s.Dev || st.Ino != s.Ino {
			return nil, &MovedError{s.Dir}
		}
		if s.upper, err = openRoot(s.upperName()); err != nil {
			return nil, err
		}
		if s.modes, err = readModes(s.Layer, !running); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (s *side) upperName() string { return s.Layer.upper }

// openRoot opens a folder given by its real path.
func openRoot(name string) (int, error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &how)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return fd, nil
}

// Close closes the folders.
func (v *Review) Close() {
	for _, s := range v.sides {
		for _, fd := range []int{s.host, s.upper} {
			if fd >= 0 {
				unix.Close(fd)
			}
		}
	}
	v.sides = nil
	if v.journal != nil {
		v.journal.close()
	}
}

// Old opens the host's file of a change for reading.
func (v *Review) Old(c *Change) (*os.File, error) {
	return openFile(v.sides[c.Layer].host, c.Path)
}

// New opens the command's file of a change for reading.
func (v *Review) New(c *Change) (*os.File, error) {
	return openFile(v.sides[c.Layer].upper, c.Path)
}

// Changes are what the command changed, layer by layer, sorted: a folder before what
// is in it. The time it takes depends on the changes, not on the size of the host's
// folder, but for what is deleted.
func (v *Review) Changes() ([]Change, error) {
	var all []Change
	v.same = map[leaderKey]string{}
	for i, s := range v.sides {
		w := &walker{side: s, v: v, layer: i, placeholders: map[string]bool{}}
		for _, p := range s.Placeholders {
			w.placeholders[p] = true
		}
		if err := w.root(); err != nil {
			return nil, fmt.Errorf("look at the changes in %s: %w", s.Dir, err)
		}
		w.renames()
		w.vanished()
		all = append(all, w.out...)
	}
	return all, nil
}
