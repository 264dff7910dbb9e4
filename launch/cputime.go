package launch

import (
	"errors"
	"os"
	"strconv"
	"time"
)

// CPUMeter sums up the processor time of a sandbox without a control group.
type CPUMeter struct {
	outer int
	seen  map[processKey]uint64 // the last that was seen of the processes that live
	ended uint64                // and of those that have ended
	last  uint64                // the sum of what /proc showed
	most  uint64                // all in ticks
}

type processKey struct {
	pid     int
	started uint64
}

// ErrNotShown says that /proc does not show the processes of a sandbox.
var ErrNotShown = errors.New("/proc does not show the sandbox's processes: it belongs to another PID namespace, or there is none")

// NewCPUMeter makes one. [ErrNotShown]: it would see nothing.
func (p *Process) NewCPUMeter() (*CPUMeter, error) {
	parent, ok := parentOf(strconv.Itoa(p.outer))
	if !ok || parent != os.Getpid() {
		return nil, ErrNotShown
	}
	return &CPUMeter{outer: p.outer, seen: map[processKey]uint64{}}, nil
}

// tick is the unit of times in /proc: USER_HZ is 100 on every architecture that this
// package knows.
const tick = 10 * time.Millisecond

// Read is the time that the processes below outer have used, with that of the children that
// they have waited for. What a process used whose parent ignores SIGCHLD, and so does not wait,
// counts as far as it was seen by a call of Read: never too much, but maybe too little. What is
// in the sum of children is there from the second call on.
func (m *CPUMeter) Read() time.Duration {
	all := map[int]processStat{}
	eachProcess(func(x *processStat) { all[x.pid] = *x })
	m.add(all)
	return time.Duration(m.most) * tick
}

// add counts what was seen of the processes that there are.
func (m *CPUMeter) add(all map[int]processStat) {
	var now uint64
	living := make(map[processKey]uint64, len(m.seen))
	for pid, x := range all {
		if !below(all, pid, m.outer) {
			continue
		}
		now += x.own + x.reaped
		living[processKey{pid, x.started}] = x.own
	}
	var alive uint64
	for key, own := range m.seen {
		if _, ok := living[key]; !ok {
			m.ended += own
		}
	}
	for _, own := range living {
		alive += own
	}
	m.seen = living
	// The processes are not read at once: one that was waited for meanwhile may be in the sum twice.
	m.most = max(m.most, min(m.last, now), m.ended+alive)
	m.last = now
}

// below reports whether a process is a descendant of another.
func below(all map[int]processStat, pid, of int) bool {
	for range len(all) {
		x, ok := all[pid]
		if !ok || x.parent == 0 {
			return false
		}
		if x.parent == of {
			return true
		}
		pid = x.parent
	}
	return false
}
