package limits

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// readUsage reads what a cgroup tells. A file that is not there, or cannot be read, leaves
// its values nil.
func readUsage(dir string) *Usage {
	u := &Usage{}
	u.MemoryPeak = number(dir, "memory.peak")
	u.PidsPeak = number(dir, "pids.peak")
	if t, ok := table(dir, "memory.events"); ok {
		u.OOMKills, u.OOMs, u.MemoryMax, u.MemoryHigh = of(t, "oom_kill"), of(t, "oom"), of(t, "max"), of(t, "high")
	}
	if t, ok := table(dir, "pids.events"); ok {
		u.PidsMax = of(t, "max")
	}
	if t, ok := table(dir, "cpu.stat"); ok {
		u.CPU, u.User, u.System = spent(t, "usage_usec"), spent(t, "user_usec"), spent(t, "system_usec")
		u.Throttled, u.Throttles = spent(t, "throttled_usec"), of(t, "nr_throttled")
	}
	if text, err := os.ReadFile(filepath.Join(dir, "io.stat")); err == nil {
		read, written := ioBytes(bytes.NewReader(text))
		u.ReadBytes, u.WrittenBytes = &read, &written
	}
	u.CPUPressure = stalled(dir, "cpu.pressure")
	u.MemoryPressure = stalled(dir, "memory.pressure")
	u.IOPressure = stalled(dir, "io.pressure")
	return u
}

func number(dir, file string) *int64 {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

func table(dir, file string) (map[string]int64, bool) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, false
	}
	return flatKeyed(bytes.NewReader(text)), true
}

func of(table map[string]int64, key string) *int64 {
	if n, ok := table[key]; ok {
		return &n
	}
	return nil
}

func spent(table map[string]int64, key string) *time.Duration {
	if n, ok := table[key]; ok {
		d := microseconds(n)
		return &d
	}
	return nil
}

func stalled(dir, file string) *Pressure {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil { // EOPNOTSUPP: switched off
		return nil
	}
	if p, ok := pressure(bytes.NewReader(text)); ok {
		return &p
	}
	return nil
}
