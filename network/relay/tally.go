package relay

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/usandbox/usandbox/network"
)

// How much is kept of each name that is refused.
const (
	maxPorts    = 8
	maxPrograms = 4
	maxSearches = 8 // for the program
)

// Kinds of questions for a name. A program that looks it up asks several of them at once.
const (
	kindA = iota
	kindAAAA
	kindOther
	kinds
)

// tally counts what is refused, by name.
type tally struct {
	mu      sync.Mutex
	index   map[string]int
	entries []refused
	more    uint64 // of names that are not in the list; not exact: they are not remembered
}

type refused struct {
	Refused
	searches  int
	questions [kinds]uint64
	flags     []string
}

func newTally() *tally { return &tally{index: make(map[string]int)} }

// wants reports whether it is worth to find out which program was refused this time.
func (t *tally) wants(of *target) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, ok := t.index[of.label()]
	if !ok {
		return len(t.entries) < MaxRefused
	}
	e := &t.entries[i]
	e.searches++
	return e.searches <= maxSearches && len(e.Programs) < maxPrograms
}

// question counts a question for a name, and reports whether it began a look-up: those of
// other kinds, as many as there were of this one, belong together.
func (t *tally) question(of *target, program string, kind int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entry(of, program)
	if e == nil {
		return kind == kindA
	}
	most := slices.Max(e.questions[:])
	e.questions[kind]++
	if e.questions[kind] <= most {
		return false
	}
	e.Count++
	return true
}

// add counts a connection, or a flow.
func (t *tally) add(of *target, program string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entry(of, program); e != nil {
		e.Count++
	}
}

// entry is where to count something. Nil: there are too many already.
func (t *tally) entry(of *target, program string) *refused {
	label := of.label()
	i, ok := t.index[label]
	if !ok {
		if len(t.entries) >= MaxRefused {
			t.more++
			return nil
		}
		i = len(t.entries)
		t.index[label] = i
		t.entries = append(t.entries, refused{Refused: Refused{Protocol: of.proto, Name: label, Reason: of.verdict.Reason}})
	}
	e := &t.entries[i]
	if e.Protocol == network.Any {
		e.Protocol = of.proto
	}
	if port := of.to.Port(); port != 0 && of.proto == e.Protocol && len(e.Ports) < maxPorts && !slices.Contains(e.Ports, port) {
		e.Ports = append(e.Ports, port)
	}
	if program != "" && len(e.Programs) < maxPrograms && !slices.Contains(e.Programs, program) {
		e.Programs = append(e.Programs, program)
	}
	if flag := of.verdict.Flag; flag != "" && len(e.flags) < maxPorts && !slices.Contains(e.flags, flag) {
		e.flags = append(e.flags, flag)
	}
	return e
}

// list is the tally for a Summary.
func (t *tally) list() (list []Refused, more uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.entries {
		e := t.entries[i].Refused
		e.Ports, e.Programs = slices.Clone(e.Ports), slices.Clone(e.Programs)
		slices.Sort(e.Ports)
		e.Allow = t.entries[i].flag(e.Ports)
		list = append(list, e)
	}
	return list, t.more
}

// flag is what would allow all of an entry: one flag for all ports, if rules said that
// a flag would.
func (e *refused) flag(ports []uint16) string {
	switch len(e.flags) {
	case 0:
		return ""
	case 1:
		return e.flags[0]
	}
	rule := network.Rule{Protocol: e.Protocol}
	if a, err := netip.ParseAddr(e.Name); err == nil {
		rule.Prefix = netip.PrefixFrom(a, a.BitLen())
	} else {
		rule.Name = e.Name
	}
	own := strings.TrimSuffix("--allow "+rule.String(), ":*")
	for _, f := range e.flags {
		if f != own && !strings.HasPrefix(f, own+":") { // for an address that the name has, say
			return strings.Join(e.flags, " ")
		}
	}
	for _, p := range ports {
		rule.Ports = append(rule.Ports, network.PortRange{First: p, Last: p})
	}
	if len(rule.Ports) == 0 {
		return e.flags[0]
	}
	return "--allow " + rule.String()
}
