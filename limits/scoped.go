package limits

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// scoped adopts a process by a scope of systemd's. The scope is delegated, so the group is
// made in it as in any tree.
type scoped struct {
	h    *host
	l    Limits
	bus  scopes
	hold *holder
}

// adopt has the scope made of the process and a holder: systemd removes a scope once no
// process is in it, and what was used has to be read before.
func (s *scoped) adopt(g *Group, pid int) (err error) {
	fail := func(err error) error { return &Error{Flags: s.l.Asked(), Err: err, Hint: hintOf(err)} }
	defer func() {
		s.bus.close()
		if err != nil {
			s.release()
		}
	}()
	if s.hold, err = newHolder(); err != nil {
		return fail(err)
	}
	name := scopeName(s.h.pid, time.Now())
	if err := s.bus.scope(name, []int{s.hold.pid, pid}); err != nil {
		return fail(hinted{fmt.Errorf("ask systemd for a scope: %w", err), hintDelegate})
	}
	dir, err := s.h.group(strconv.Itoa(pid))
	if err != nil {
		return fail(fmt.Errorf("find the scope %s: %w", name, err))
	}
	s.sweep(dir)
	t := &tree{h: s.h, dir: dir}
	made, err := t.adopting(&s.l, s.hold.pid, pid)
	if err != nil {
		return fail(err)
	}
	g.tree, g.dir, g.lock, g.inner = made.tree, made.dir, made.lock, made.inner
	return nil
}

// adopting makes a group in a scope that has the holder and a process, and moves both out of
// the scope's own cgroup.
func (t *tree) adopting(l *Limits, holder, pid int) (*Group, error) {
	leaf := t.dir + "/" + prefix + "holder"
	if err := t.mkdir(leaf); err != nil {
		return nil, explainMkdir(err)
	}
	if err := write(leaf+"/cgroup.procs", strconv.Itoa(holder)); err != nil {
		return nil, err
	}
	g, err := t.newGroup()
	if err != nil {
		return nil, err
	}
	if err := write(g.dir+"/"+innerName+"/cgroup.procs", strconv.Itoa(pid)); err != nil {
		return nil, err
	}
	asked, implied := l.settings(), l.implied()
	if err := t.enable(asked, implied); err != nil {
		return nil, err
	}
	return g, g.apply(append(implied, asked...))
}

func (s *scoped) release() {
	s.bus.close()
	if s.hold != nil {
		s.hold.end()
	}
	s.hold = nil
}

func hintOf(err error) string {
	var h hinted
	errors.As(err, &h)
	return h.hint
}
