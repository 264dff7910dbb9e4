package launch

import (
	"fmt"
	"strings"
	"testing"
)

// line is a line of /proc/PID/stat with a name, a parent, a session and times.
func line(pid int, name string, parent, session, user, system, childUser, childSystem, started int) string {
	return fmt.Sprintf("%d (%s) S %d %d %d 0 -1 4194560 1 2 3 4 %d %d %d %d 20 0 1 0 %d 1 2 3\n", pid, name, parent, session, session, user, system, childUser, childSystem, started)
}

func TestParseProcessStat(t *testing.T) {
	for _, name := range []string{"sh", "a b", ") S 1 1 1", "((", "x\n1 (y"} {
		x, ok := parseStat([]byte(line(7, name, 3, 5, 10, 2, 30, 4, 99)))
		if want := (processStat{7, 3, 5, 99, 12, 34}); !ok || x != want {
			t.Errorf("%q: %+v, %v", name, x, ok)
		}
	}
	whole := line(7, "sh", 3, 5, 10, 2, 30, 4, 99)
	for _, text := range []string{"", "7", "7 (sh", "7 (sh)", whole[:20], strings.Replace(whole, " 10 ", " -1 ", 1), "x" + whole, "0" + whole[1:]} {
		if x, ok := parseStat([]byte(text)); ok {
			t.Errorf("%q is %+v", text, x)
		}
	}
}

func FuzzParseProcessStat(f *testing.F) {
	f.Add([]byte(line(7, "sh", 3, 5, 10, 2, 30, 4, 99)))
	f.Add([]byte("7 (sh) S"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if x, ok := parseStat(text); ok && (x.pid <= 0 || x.parent < 0) {
			t.Errorf("%q is %+v", text, x)
		}
	})
}

// What is used up is never counted twice, and not lost with a process that nobody waits for, as
// far as it was seen.
func TestCPUMeter(t *testing.T) {
	m := &CPUMeter{outer: 10, seen: map[processKey]uint64{}}
	look := func(want uint64, list ...processStat) {
		t.Helper()
		all := map[int]processStat{1: {pid: 1, own: 1000}, 10: {pid: 10, parent: 1, own: 500}}
		for _, x := range list {
			all[x.pid] = x
		}
		if m.add(all); m.most != want {
			t.Errorf("%d, want %d", m.most, want)
		}
	}
	init := processStat{pid: 11, parent: 10}
	look(5, init, processStat{pid: 12, parent: 11, own: 5})
	look(9, init, processStat{pid: 12, parent: 11, own: 9})
	look(9, processStat{pid: 11, parent: 10, reaped: 9})                                               // waited for
	look(9, processStat{pid: 11, parent: 10, reaped: 20})                                              // seen once
	look(20, processStat{pid: 11, parent: 10, reaped: 20})                                             // and twice
	look(20, processStat{pid: 11, parent: 10, reaped: 20}, processStat{pid: 13, parent: 11, own: 4})   // 24 once
	look(24, processStat{pid: 11, parent: 10, reaped: 20}, processStat{pid: 13, parent: 11, own: 8})   // 28 once
	look(28, processStat{pid: 11, parent: 10, reaped: 28}, processStat{pid: 14, parent: 11, own: 0})   // 13 was waited for
	look(28, processStat{pid: 11, parent: 10, reaped: 28}, processStat{pid: 99, parent: 1, own: 1000}) // a stranger

	// Children that nobody waits for.
	m = &CPUMeter{outer: 10, seen: map[processKey]uint64{}}
	look(3, init, processStat{pid: 12, parent: 11, started: 1, own: 3})
	look(7, init, processStat{pid: 12, parent: 11, started: 2, own: 4}) // the same number, another process
	look(12, init, processStat{pid: 13, parent: 11, started: 3, own: 5})
	look(12, init)
}
