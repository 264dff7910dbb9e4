package mounts

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Loose is how a tree is built that may change the host: mount points that are missing are
// made wherever their path leads, through a writable bind on the host, too, and stay there;
// symlinks in a path are followed, within the new root; what an entry lies over need not be
// known; the root stays writable. It is for a front end with the meaning of another program.
// Warning: whoever chooses the entries can change what the caller can.
//
// The base is mounted on /tmp, its folders are oldroot and newroot, and the mounts are slaves
// of the host's. Permission bits of entries are as they stand there: 0 means none. Entries
// are [Bind], [Overlay], [Remount], [Proc], [Dev], [Tmpfs], [Mqueue], [Dir], [Data],
// [Symlink] and [Chmod].
type Loose struct {
	// Words are what is being done, for the failure of the steps that follow: of an entry
	// (nil: of the base) at a stage, about a detail. Where a stage ends in words alone, they
	// are all that is said.
	Words func(e Entry, s Stage, detail string) string

	// AnyAttributes lets a mount be whose attributes cannot be set.
	// Warning: it may be writable then.
	AnyAttributes bool
}

// Stage is a part of what an entry does in a [Loose] tree.
type Stage uint8

// The stages, and what the detail is.
const (
	StageSlave      Stage = iota // the host's mounts become private, or slaves
	StageBase                    // the base is mounted
	StagePivot                   // it becomes the root, or the new root does
	StageDetach                  // the host's tree is let go of
	StageParents                 // folders above the target are made
	StagePoint                   // the target is made: file or folder
	StageMount                   // it is mounted on: the real path of what is bound, the options of an overlay
	StageAttributes              // attributes are set; likewise
	StageSame                    // the source is compared with the one expected; likewise
	StageDone                    // Bind.Done is closed
	StageLayers                  // a folder for an overlay's layer is made: its option
	StageOverlap                 // words alone: layers of an overlay overlap
	StagePart                    // something in a Dev is made: its name
	StagePartMount               // and mounted on: its source or type, a blank, its name
	StageAccess                  // a part of a Proc is looked at: its name
	StageCover                   // and mounted on itself, read-only
	StageCoverAttrs              // and its attributes set
	StageTemporary               // the file of a Data is made
	StageMode                    // its mode is set
	StageWrite                   // its contents are written
	StageThere                   // what is where a symlink should be is looked at
	StageNoLink                  // words alone: it is no symlink
	StageOther                   // words alone, before the text of another symlink
	StageNotMounted              // words alone: nothing is mounted on the target of a Remount
)

// looseTree is the part of a tree that is loose.
type looseTree struct {
	Loose
	entry   Entry                 // the one at hand
	blind   bool                  // something was made where a path leads that is not known: nothing is known any more
	sources map[string]realSource // by the names that entries have
	name    []byte                // room for a path
	dir     *launch.Var           // fd of the folder in which a name is made
	buffer  *launch.Var           // for what is copied
	detail  string                // of StageMount, as soon as it is known
	files   int                   // of the base
	layers  int
	links   int // to layers
}

// CompileLoose appends the steps that build a tree, as [Compile] does, but loosely. Sources
// are looked up here; that one is missing is an [*Error].
func CompileLoose(p *launch.Program, entries []Entry, l Loose) error {
	t := &tree{p: p, from: Slave, base: base{on: "/tmp", old: "oldroot", new: "newroot"},
		loose: &looseTree{Loose: l, sources: map[string]realSource{}, dir: p.Var("dir")}}
	t.begin()
	for _, e := range entries {
		t.loose.entry, t.loose.detail = e, ""
		if err := wrap(e, e.compile(t)); err != nil {
			return err
		}
	}
	t.loose.entry = nil
	t.end()
	return nil
}

// doing sets the words for the failure of the steps that follow: those of a strict tree, where
// none are those that were; or those of a loose tree's stage.
func (t *tree) doing(s Stage, detail, strict string) {
	switch {
	case t.loose != nil:
		t.p.Doing(t.loose.words(s, detail))
	case strict != "":
		t.p.Doing(strict)
	}
}

func (l *looseTree) words(s Stage, detail string) string { return l.Words(l.entry, s, detail) }

// modes are the permission bits of folders that are made above the target of the entry at
// hand, and of the target.
func (t *tree) modes() (above, last uint32) {
	if t.loose == nil {
		return 0o755, 0o755
	}
	var bits uint32
	last = 0o755
	switch e := t.loose.entry.(type) {
	case Tmpfs:
		bits = e.Mode
	case Data:
		bits = e.Mode
	case Dir:
		bits, last = e.Mode, e.Mode
	}
	// Closed to a group or to others to whom the target is. What has no bits of its own
	// counts as closed.
	above = 0o755
	if bits&0o070 == 0 {
		above &^= 0o050
	}
	if bits&0o007 == 0 {
		above &^= 0o005
	}
	return above, last
}

// mountedLoose is mounted in a loose tree: what is mounted on the root is the root. A place
// that is not known may be the root, too.
func (t *tree) mountedLoose(p string, n node) {
	if p == "/" || p == "" {
		t.p.Close(t.new)
		t.openFolder("/"+t.base.new, t.new)
		n.fd = nil
	}
	if !t.loose.blind {
		t.shape.set(p, n)
	}
}

// keeps reports whether the fd of a file system of our own that is mounted at a place is to be
// kept. Where the place is known, its path will do. There may be many.
func (t *tree) keeps(at place) bool {
	const many = 64
	if !at.named && t.kept >= many {
		t.loose.blind = true
	}
	return !at.named && !t.loose.blind
}

// loosely is what an entry of a strict tree fails with that a loose one alone can have.
func (t *tree) loosely() error {
	if t.loose == nil {
		return unix.ENOTSUP
	}
	return nil
}
