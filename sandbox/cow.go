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
		p.Files = append(p.Files, mounts.Overlay{
			Lower: []string{l.Lower()}, Upper: l.Upper(), Work: l.Work(), Target: l.Dir, Volatile: true, Later: true, Origin: origin,
		})
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

// awaitMarker appends, in the command: wait until the clock of file systems has gone
// on since the run's marker, so that what is changed on the host from now on has a
// later ctime. It ticks a few hundred times a second.
func awaitMarker(p *launch.Program, r *cow.Run) {
	if r == nil {
		return
	}
	p.Doing("wait for the clock of file systems")
	now, tick := p.Buffer("now", 16), p.Label("tick")
	seconds, same, passed := p.Label("same_second"), p.Label("same_tick"), p.Label("marker_passed")
	p.Here(tick)
	p.Call(unix.SYS_CLOCK_GETTIME, unix.CLOCK_REALTIME_COARSE, now.Addr())
	p.If(now, ^uint64(0), uint64(r.Marker.Sec), seconds)
	p.Jump(passed)
	p.Here(seconds)
	p.If(now.At(8), ^uint64(0), uint64(r.Marker.Nsec), same)
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
	p.Call(unix.SYS_PWRITE64, k.fd, status.Addr(), 8, 0).OnAny(nil)
	st, changed, end := p.Buffer("upper", 256), p.Label("changed"), p.Label("unchanged")
	const mode, mtimeSec, mtimeNsec = 28, 112, 120 // of struct statx
	for i := range k.run.Layers {
		l := &k.run.Layers[i]
		p.Call(unix.SYS_STATX, unix.AT_FDCWD, l.Upper(), unix.AT_SYMLINK_NOFOLLOW, unix.STATX_MTIME|unix.STATX_MODE, st.Addr()).OnAny(changed)
		for _, x := range []struct {
			name  string
			at    int
			mask  uint64
			value uint64
		}{
			{"seconds", mtimeSec, ^uint64(0), uint64(l.Mtime.Sec)},
			{"nanoseconds", mtimeNsec, 0xffffffff, uint64(l.Mtime.Nsec)},
			{"mode", mode, 0o7777, uint64(l.Mode)},
		} {
			same := p.Label(fmt.Sprintf("same_%s_%d", x.name, i))
			p.If(st.At(x.at), x.mask, x.value, same)
			p.Jump(changed)
			p.Here(same)
		}
	}
	p.Jump(end)
	p.Here(changed)
	text := "usandbox: " + k.run.Kept() + "\n"
	p.Call(unix.SYS_WRITE, 2, text, len(text)).OnAny(nil)
	p.Here(end)
}
