package cow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrRunning says that a run still goes on, or is being applied.
var ErrRunning = errors.New("the run still goes on")

// ApplyOptions say what of a run is to be brought onto the host, and how.
type ApplyOptions struct {
	Select func(c *Change) bool // nil: all; the folders above what is selected are made, too

	// Force applies what the host has changed meanwhile, too. Warning: what was
	// changed there is lost.
	Force bool

	// AllowSetuid keeps the set-user-id and set-group-id bits that the command has set.
	// Warning: such a file is the caller's, and runs as the caller whoever starts it.
	AllowSetuid bool

	DryRun bool // change nothing, but report as if

	// Report is told what became of each change, and why.
	Report func(c *Change, o Outcome, why string)
}

// Outcome is what became of a change.
type Outcome int

// The outcomes. One change can be Applied and Refused, where a part of it is refused.
const (
	Applied  Outcome = iota
	Conflict         // the host has changed meanwhile: nothing was done
	Refused          // never done, or not without a flag
	Failed           // an error of the system
)

// Summary counts the outcomes.
type Summary struct {
	Applied, Conflicts, Refused, Failed int
	Selected, All                       int // changes
}

// Complete reports whether all that the run changed is on the host.
func (s Summary) Complete() bool {
	return s.Selected == s.All && s.Conflicts+s.Refused+s.Failed == 0
}

// Apply brings changes of a run that has ended onto the host. Each file is atomic: it
// is written beside its target, synced, and takes the target's place; no symlink is
// followed. What the host has changed since the run began is a conflict and is left
// alone. A killed Apply can be called again: what is on the host already as it should
// be is not in conflict, and what was left beside is removed. ErrRunning: the run goes on.
func (r *Run) Apply(o ApplyOptions) (sum Summary, err error) {
	lock, err := r.Lock()
	if err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrRunning
		}
		return sum, err
	}
	defer lock.Close()
	v, err := r.review(false)
	if err != nil {
		return sum, err
	}
	defer v.Close()
	if o.Report == nil {
		o.Report = func(*Change, Outcome, string) {}
	}
	if !o.DryRun {
		if err := v.recover(); err != nil {
			return sum, err
		}
		v.apply = true
		defer func() { err = errors.Join(err, v.closeAll()) }()
	}
	all, err := v.Changes()
	if err != nil {
		return sum, err
	}
	a := &applier{v: v, o: o, list: choose(all, o.Select), leaders: map[leaderKey]folderKey{}, parents: map[folderKey]int{}}
	a.sum.All, a.sum.Selected = len(all), len(a.list)
	defer a.closeParents()
	a.run()
	if !o.DryRun {
		for _, s := range v.sides {
			if fd, err := unix.Openat(s.host, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
				err = unix.Syncfs(fd)
				unix.Close(fd)
				if err != nil {
					return a.sum, fmt.Errorf("sync %s: %w", s.Dir, err)
				}
			}
		}
	}
	return a.sum, nil
}

// Recover removes what a killed Apply has left on the host. It does nothing for a run
// that goes on.
func (r *Run) Recover() error {
	lock, err := r.Lock()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	j, err := readJournal(r)
	if err != nil || len(j.temps)+len(j.modes) == 0 {
		return err
	}
	v, err := r.review(false)
	if err != nil {
		return err
	}
	defer v.Close()
	return v.recover()
}

// choose are the selected changes, with the folders and what else has to be there
// before them.
func choose(all []Change, selected func(*Change) bool) []*Change {
	var list []*Change
	var above []*Change // folders that the current change is in, not selected so far
	for i := range all {
		c := &all[i]
		above = slices.DeleteFunc(above, func(f *Change) bool {
			return f.Layer != c.Layer || !strings.HasPrefix(c.Path, f.Path+"/")
		})
		switch {
		case selected == nil || selected(c):
			list = append(list, above...)
			list = append(list, c)
			above = nil
		case c.New.Type() == unix.S_IFDIR && c.Kind != Modified:
			above = append(above, c)
		}
	}
	return list
}

// applier applies changes.
type applier struct {
	v       *Review
	o       ApplyOptions
	sum     Summary
	list    []*Change
	parents map[folderKey]int // open folders of the host
	leaders map[leaderKey]folderKey
	batch   []*job
	folders []*Change // whose modes are set in the end
}

// leaderKey is an inode of an upper folder, to whose first name on the host the others
// are linked.
type leaderKey struct {
	layer int
	inode uint64
}

// run applies the list: first what is added and changed, so that a kill, or a full
// disk, leaves nothing in neither place; then what is deleted; then the modes of
// folders.
func (a *applier) run() {
	a.findLeaders()
	var later []*Change // deletions
	for i := 0; i < len(a.list); i++ {
		c := a.list[i]
		end := a.end(i)
		switch {
		case c.Kind == Deleted:
			later = append(later, c)
		case c.Kind == Replaced && c.Old.Type() == unix.S_IFDIR:
			a.flush()
			if ok, why := a.allowed(c); !ok {
				a.skip(c, Conflict, why, end-i)
			} else {
				for _, d := range slices.Backward(a.list[i+1 : end]) {
					a.remove(d)
				}
				a.one(c)
			}
			i = end - 1
		default:
			below := 1
			if c.New.Type() == unix.S_IFDIR {
				below = end - i
			}
			if ok, why := a.allowed(c); !ok {
				a.skip(c, Conflict, why, below)
			} else if a.one(c) {
				continue
			}
			i += below - 1 // nothing in it can be
		}
	}
	a.flush()
	for _, c := range slices.Backward(later) {
		a.remove(c)
	}
	a.finish()
}

// end is behind the last change of the list in the folder of change i.
func (a *applier) end(i int) int {
	j := i + 1
	for j < len(a.list) && a.list[j].Layer == a.list[i].Layer && strings.HasPrefix(a.list[j].Path, a.list[i].Path+"/") {
		j++
	}
	return j
}

// allowed reports whether a change may be applied, or why not.
func (a *applier) allowed(c *Change) (bool, string) {
	return c.Kind != Unknown && (c.Conflict == "" || a.o.Force), c.Conflict
}

func (a *applier) report(c *Change, o Outcome, why string) {
	switch o {
	case Applied:
		a.sum.Applied++
	case Conflict:
		a.sum.Conflicts++
	case Refused:
		a.sum.Refused++
	case Failed:
		a.sum.Failed++
	}
	a.o.Report(c, o, why)
}

// skip reports a change that is not applied and, in a line, what is in it.
func (a *applier) skip(c *Change, o Outcome, why string, n int) {
	if n > 1 {
		why += fmt.Sprintf(" (with %d changes in it)", n-1)
	}
	a.report(c, o, why)
}

// failed reports an error: of the host's change meanwhile, or of the system.
func (a *applier) failed(c *Change, err error) {
	var meanwhile conflictError
	if errors.As(err, &meanwhile) {
		a.report(c, Conflict, string(meanwhile))
		return
	}
	a.report(c, Failed, err.Error())
}

// conflictError is a change of the host's that is found while changes are applied.
type conflictError string

func (e conflictError) Error() string { return string(e) }

// foreign reports attributes that overlays would take for their own.
func (a *applier) foreign(c *Change) {
	for _, x := range c.Xattrs {
		if x.New != nil && strings.HasPrefix(x.Name, overlayPrefix) {
			a.report(c, Refused, fmt.Sprintf("the attribute %q", x.Name))
		}
	}
}

// one applies an addition or modification. Not ok: it is reported.
func (a *applier) one(c *Change) (ok bool) {
	a.room()
	switch c.New.Type() {
	case unix.S_IFSOCK:
		a.report(c, Refused, "a socket is nothing without its program")
		return false
	case unix.S_IFCHR, unix.S_IFBLK:
		a.report(c, Refused, "a device")
		return false
	case unix.S_IFDIR:
		return a.folder(c)
	}
	if a.o.DryRun {
		a.mode(c)
		a.report(c, Applied, "")
		return true
	}
	// What its owner cannot read any more is told from another by its time, so it is
	// replaced.
	if c.Kind == Modified && c.What == Mode && c.New.Mode&0o400 != 0 && c.host.links == 1 && c.inode == 0 && c.New.Type() == unix.S_IFREG {
		if err := a.chmod(c); err != nil {
			a.failed(c, err)
			return false
		}
		a.report(c, Applied, "")
		return true
	}
	a.add(c)
	return true
}

// mode are the permission bits that a change gets on the host. What is dropped is
// reported.
func (a *applier) mode(c *Change) uint32 {
	mode := c.New.Mode & 0o7777
	drop := mode & (unix.S_ISUID | unix.S_ISGID)
	if c.New.Type() == unix.S_IFDIR {
		drop &^= unix.S_ISUID // it has no meaning
		if c.Old.Type() == unix.S_IFDIR && c.Old.Mode&unix.S_ISGID != 0 || a.inherits(c) {
			drop = 0
		}
	}
	if drop == 0 || a.o.AllowSetuid {
		return mode
	}
	what := "set-user-id bit"
	if drop&unix.S_ISUID == 0 {
		what = "set-group-id bit"
	}
	a.report(c, Refused, what+" dropped")
	return mode &^ drop
}

// inherits reports whether a new folder gets its set-group-id bit from the one that it
// is in, as the kernel does it.
func (a *applier) inherits(c *Change) bool {
	parent, _, err := a.parent(c)
	if err != nil {
		return false
	}
	var st unix.Stat_t
	return unix.Fstat(parent, &st) == nil && st.Mode&unix.S_ISGID != 0
}
