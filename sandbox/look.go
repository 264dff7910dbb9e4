package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// maxState bounds what State returns, in bytes: an argument of execve(2) may have
// 32 pages.
const maxState = 64 << 10

// tooLarge reports whether State is too long for an argument.
func (p *Planted) tooLarge() bool { return len(p.State()) > maxState }

// State is what was there when Watch was called, as an argument for the program
// that is to compare it, by [WatchedBefore].
func (p *Planted) State() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n", p.dir)
	for _, name := range p.outside {
		fmt.Fprintf(&b, "+%q\n", name)
	}
	for _, name := range slices.Sorted(maps.Keys(p.before)) {
		id := p.before[name]
		fmt.Fprintf(&b, "%d %d %d %d %d %q\n", id.dev, id.ino, id.kind, id.changed.Sec, id.changed.Nsec, name)
	}
	return b.String()
}

// WatchedBefore is the Planted of which state is the State.
func WatchedBefore(state string) (*Planted, error) {
	p := &Planted{before: map[string]identityOf{}}
	first, rest, _ := strings.Cut(state, "\n")
	if _, err := fmt.Sscanf(first, "%q", &p.dir); err != nil {
		return nil, errors.New("not what was watched before")
	}
	for line := range strings.Lines(rest) {
		var id identityOf
		var name string
		if outside, ok := strings.CutPrefix(line, "+"); ok {
			if _, err := fmt.Sscanf(outside, "%q", &name); err != nil {
				return nil, errors.New("not what was watched before")
			}
			p.outside = append(p.outside, name)
			continue
		}
		_, err := fmt.Sscanf(line, "%d %d %d %d %d %q", &id.dev, &id.ino, &id.kind, &id.changed.Sec, &id.changed.Nsec, &name)
		if err != nil {
			return nil, errors.New("not what was watched before")
		}
		p.before[name] = id
	}
	return p, nil
}

const (
	// maxTouched bounds how many ctimes are compared before anybody looks closer.
	maxTouched = 64
	// settled is how old a ctime has to be for the next change to show in it: the
	// clock of file systems ticks a few hundred times a second.
	settled = time.Second
)

// quick reports whether unchanged ctimes say that nothing has changed.
func (p *Planted) quick(now time.Time) bool {
	if p.linked || len(p.touched) == 0 || len(p.touched) > maxTouched {
		return false
	}
	for _, t := range p.touched {
		if age := now.Sub(time.Unix(t.Unix())); age < settled {
			return false
		}
	}
	return true
}

// at is the path of a name.
func (p *Planted) at(name string) string {
	if path.IsAbs(name) {
		return name
	}
	return p.dir + "/" + name
}

// look appends: if something in the folder has changed, or may have, execute the
// calling program to compare; it says what.
func (p *Planted) look(program *launch.Program) {
	if p == nil {
		return
	}
	program.Doing("look for what the command may have planted")
	changed, same := program.Label("changed"), program.Label("same")
	if p.quick(time.Now()) {
		st := program.Buffer("statx", 256)
		const sec, nsec = 96, 104 // of stx_ctime
		for _, name := range slices.Sorted(maps.Keys(p.touched)) {
			program.Call(unix.SYS_STATX, unix.AT_FDCWD, p.at(name), unix.AT_SYMLINK_NOFOLLOW, unix.STATX_CTIME, st.Addr()).OnAny(changed)
			t, seconds, both := p.touched[name], program.Label("seconds"), program.Label("both")
			program.If(st.At(sec), ^uint64(0), uint64(t.Sec), seconds)
			program.Jump(changed)
			program.Here(seconds)
			program.If(st.At(nsec), uint64(0xffffffff), uint64(t.Nsec), both)
			program.Jump(changed)
			program.Here(both)
		}
		program.Jump(same)
	}
	program.Here(changed)
	const sorry = "usandbox: WARNING: it could not be looked for what the command made or changed here that a program outside acts on; look yourself\n"
	program.RunAgain([]string{"planted", p.State()}, sorry)
	program.Here(same)
}
