package sandbox

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
)

// WithCopyOnWrite returns the policy with the folders of a run shown at their own
// paths, copy-on-write: what the command changes in them is kept in the run. The
// run has to be Changes of the Cmd. Origin is the flag that asks for it. If the policy
// has no working directory, it is the first of the folders.
func (p Policy) WithCopyOnWrite(r *cow.Run, origin string) Policy {
	p.Files = slices.Clone(p.Files)
	for i := range r.Layers {
		l := &r.Layers[i]
		o := mounts.Overlay{
			Lower: []string{l.Lower()}, Upper: l.Upper(), Work: l.Work(), Target: l.Dir, Volatile: true, Later: true, Origin: origin,
		}
		if l.Lower() == l.Dir {
			o.Is = mounts.FileID{Major: unix.Major(l.Dev), Minor: unix.Minor(l.Dev), Inode: l.Ino}
		}
		p.Files = append(p.Files, o)
	}
	if p.Dir == "" && len(r.Layers) > 0 {
		p.Dir = r.Layers[0].Dir
	}
	return p
}

// notePlaceholders tells the run, before it is made, what the file tree makes in its
// folders, so that it does not pass for a change.
func notePlaceholders(r *cow.Run, files []mounts.Entry) error {
	hides := func(e mounts.Entry) bool {
		switch e.(type) {
		case mounts.Hide, mounts.HideGlob:
			return true
		}
		return false
	}
	if r == nil || !slices.ContainsFunc(files, hides) {
		return nil
	}
	made, err := mounts.Placeholders(files)
	for i := range r.Layers {
		l := &r.Layers[i]
		l.Placeholders = made[l.Upper()]
	}
	return err
}

// clock is the time that the clock of file systems, which ticks a few hundred times a
// second, had when the image began.
type clock struct{ began, now *launch.Var }

// readClock appends, in outer, for a copy-on-write run: read the clock.
func readClock(p *launch.Program, r *cow.Run) *clock {
	if r == nil {
		return nil
	}
	c := &clock{p.Buffer("began", 16), p.Buffer("now", 16)}
	p.Doing("read the clock of file systems")
	p.Call(unix.SYS_CLOCK_GETTIME, unix.CLOCK_REALTIME_COARSE, c.began.Addr())
	return c
}

// await appends, in the command: wait for the next tick. The run's marker is older than
// that; what is changed on the host from now on has a later ctime than the marker.
func (c *clock) await(p *launch.Program) {
	if c == nil {
		return
	}
	p.Doing("wait for the clock of file systems")
	tick, seconds, same, passed := p.Label("tick"), p.Label("same_second"), p.Label("same_tick"), p.Label("ticked")
	p.Here(tick)
	p.Call(unix.SYS_CLOCK_GETTIME, unix.CLOCK_REALTIME_COARSE, c.now.Addr())
	p.If(c.now, ^uint64(0), c.began, seconds)
	p.Jump(passed)
	p.Here(seconds)
	p.If(c.now.At(8), ^uint64(0), c.began.At(8), same)
	p.Jump(passed)
	p.Here(same)
	p.Call(unix.SYS_NANOSLEEP, launch.Words("200us", 0, 200_000), 0)
	p.Jump(tick)
	p.Here(passed)
}

// kept is what outer does, in place, for a copy-on-write run.
type kept struct {
	run *cow.Run
	fd  int // of its status file, not close-on-exec
}

// keep reserves a file descriptor for the run's status file, so that its number is
// known.
func keep(r *cow.Run) (*kept, error) {
	if r == nil {
		return nil, nil
	}
	fd, err := unix.Open("/dev/null", unix.O_PATH, 0)
	return &kept{r, fd}, err
}

// make makes the run on disk.
func (k *kept) make() error {
	if k == nil {
		return nil
	}
	if err := k.run.Make(); err != nil {
		return err
	}
	return unix.Dup3(int(k.run.StatusFile().Fd()), k.fd, 0)
}

// drop undoes make, and gives the file descriptor back.
func (k *kept) drop() {
	if k != nil {
		k.run.Remove()
		unix.Close(k.fd)
	}
}

// record appends: write the command's wait status to the run, and tell how to go on,
// if anything was changed.
func (k *kept) record(p *launch.Program, status *launch.Var) {
	if k == nil {
		return
	}
	p.Doing("record the end of the copy-on-write run")
	p.Call(unix.SYS_PWRITE64, k.fd, status.Addr(), 8, cow.StatusOffset).OnAny(nil)
	st, names, changed, end := p.Buffer("upper", 256), p.Buffer("names", 256), p.Label("changed"), p.Label("unchanged")
	dir, n := p.Var("upper_fd"), p.Var("names_len")
	const mode, noNames = 28, 2 * 24 // in struct statx; what getdents64(2) tells of an empty folder
	for i := range k.run.Layers {
		l := &k.run.Layers[i]
		if len(l.Placeholders) > 0 {
			p.Jump(changed) // they are there in any case
		}
		empty, same := p.Label(fmt.Sprintf("empty_%d", i)), p.Label(fmt.Sprintf("same_mode_%d", i))
		p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, l.Upper(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC).To(dir).OnAny(changed)
		p.Call(unix.SYS_GETDENTS64, dir, names.Addr(), 256).To(n).OnAny(changed)
		p.If(n, ^uint64(0), noNames, empty)
		p.Jump(changed)
		p.Here(empty)
		p.Call(unix.SYS_STATX, dir, "", unix.AT_EMPTY_PATH, unix.STATX_MODE, st.Addr()).OnAny(changed)
		p.If(st.At(mode), uint64(0o7777), uint64(l.Mode), same)
		p.Jump(changed)
		p.Here(same)
		p.Close(dir)
	}
	p.Jump(end)
	p.Here(changed)
	text := "usandbox: " + k.run.Kept() + "\n"
	p.Call(unix.SYS_WRITE, 2, text, len(text)).OnAny(nil)
	p.Here(end)
}
