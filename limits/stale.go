package limits

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// scopeName is the name of a scope: whose it is, and since when.
func scopeName(pid int, at time.Time) string {
	return prefix + strconv.Itoa(pid) + "-" + strconv.FormatInt(at.UnixNano(), 36) + ".scope"
}

// parseScope reads a scope's name.
func parseScope(name string) (pid int, at time.Time, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, at, false
	}
	if rest, ok = strings.CutSuffix(rest, ".scope"); !ok {
		return 0, at, false
	}
	first, second, _ := strings.Cut(rest, "-")
	pid, errPid := strconv.Atoi(first)
	nano, errTime := strconv.ParseInt(second, 36, 64)
	return pid, time.Unix(0, nano), errPid == nil && errTime == nil && pid > 0
}

// sweep has systemd remove the scopes beside one that callers have left who were killed.
// Most go by themselves when their processes have ended. But if these end while systemd
// makes the scope, there is never a process in it, and never a last one that leaves.
func (s *scoped) sweep(own string) {
	entries, _ := os.ReadDir(filepath.Dir(own))
	for _, e := range entries {
		pid, at, ok := parseScope(e.Name())
		if !ok || e.Name() == filepath.Base(own) || populated(filepath.Join(filepath.Dir(own), e.Name())) {
			continue
		}
		_, err := os.Stat(filepath.Join(s.h.proc, strconv.Itoa(pid)))
		if os.IsNotExist(err) || time.Since(at) > 2*scopeWithin {
			s.bus.stop(e.Name()) // or the next one has it done
		}
	}
}
