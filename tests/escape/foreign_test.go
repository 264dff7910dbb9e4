package escape

import (
	"os"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/sandbox"
)

// foreignIDs asks for maps that are not the caller's to have.
func foreignIDs(s *scene) {
	own := uint32(os.Getuid())
	for name, m := range map[string]idmap.Map{
		"overflow inside":  {{Inside: 4294967295, Outside: own, Count: 2}},
		"overflow outside": {{Inside: 0, Outside: 4294967295, Count: 2}},
		"overflow count":   {{Inside: 1, Outside: 1, Count: 4294967295}, {Inside: 0, Outside: own, Count: 4294967295}},
		"no ids":           {{Inside: 0, Outside: own, Count: 0}},
		"overlap inside":   {{Inside: 0, Outside: own, Count: 1}, {Inside: 0, Outside: 100000, Count: 5}},
		"overlap outside":  {{Inside: 0, Outside: 100000, Count: 5}, {Inside: 5, Outside: 100004, Count: 5}},
	} {
		if s.startWith(func(p *sandbox.Policy) { p.UIDMap = m }) == nil {
			s.Errorf("%s: user ids %v are mapped", name, m)
		}
		if s.startWith(func(p *sandbox.Policy) { p.GIDMap = m }) == nil {
			s.Errorf("%s: group ids %v are mapped", name, m)
		}
	}
	if own == 0 {
		return
	}
	for name, m := range map[string]idmap.Map{
		"root":              {{Inside: 0, Outside: 0, Count: 1}},
		"root and all else": {{Inside: 0, Outside: 0, Count: 4294967295}},
		"another user":      {{Inside: 0, Outside: own, Count: 1}, {Inside: 1, Outside: 1, Count: 1}},
		"the next user":     {{Inside: 0, Outside: own, Count: 2}},
		"past the range":    {{Inside: 0, Outside: own, Count: 1}, {Inside: 1, Outside: 100000, Count: 1 << 20}},
	} {
		if s.startWith(func(p *sandbox.Policy) { p.UIDMap = m }) == nil {
			s.Errorf("%s: user ids %v are mapped", name, m)
		}
		if s.startWith(func(p *sandbox.Policy) { p.GIDMap = m }) == nil {
			s.Errorf("%s: group ids %v are mapped", name, m)
		}
	}
	if s.startWith(func(p *sandbox.Policy) { p.As = &sandbox.Credential{UID: 1, GID: 1} }) == nil {
		s.Error("a user became another one outside")
	}
}
