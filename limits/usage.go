package limits

import "time"

// Usage is what everything in a cgroup has used, and which of its limits were met, from
// the cgroup's making to the time it was read. A pointer is nil where the kernel, or the
// set of controllers, does not tell: absent is not zero.
type Usage struct {
	// Memory.
	MemoryPeak *int64 // highest use in bytes: memory.peak, Linux 5.19
	OOMKills   *int64 // processes that the kernel killed for want of memory: memory.events, oom_kill
	OOMs       *int64 // times that memory.max was reached and nothing could be taken back: memory.events, oom
	MemoryMax  *int64 // times that the use was about to go over memory.max: memory.events, max
	MemoryHigh *int64 // times that it was over memory.high and was throttled: memory.events, high

	// Processes.
	PidsPeak *int64 // most processes and threads at one time: pids.peak, Linux 6.11
	PidsMax  *int64 // forks that were refused: pids.events, max

	// Processor time: cpu.stat. Throttled is how long the group was kept from running by
	// cpu.max, summed over processors.
	CPU, User, System *time.Duration
	Throttled         *time.Duration
	Throttles         *int64 // periods in which it was

	// Bytes read from and written to block devices, all of them: io.stat.
	ReadBytes, WrittenBytes *int64

	// How long somebody in the group waited for the resource, and how long all of them
	// did: the totals of cpu.pressure, memory.pressure and io.pressure, Linux 5.2 with
	// CONFIG_PSI.
	CPUPressure, MemoryPressure, IOPressure *Pressure
}

// Pressure is how long work was held up for want of a resource.
type Pressure struct {
	Some time.Duration // at least one task waited
	Full time.Duration // all tasks that were not idle waited; of cpu from Linux 5.13 on
}

// OOM reports whether the kernel has killed a process of the group for want of memory.
func (u *Usage) OOM() bool { return u != nil && u.OOMKills != nil && *u.OOMKills > 0 }

// OOMElsewhere reports whether it did so though the group had not met its own limit: the machine
// had no memory left, or a cgroup that the group is in.
func (u *Usage) OOMElsewhere() bool { return u.OOM() && u.OOMs != nil && *u.OOMs == 0 }

// CPUTime is how much processor time everything in the group has used so far, with what was never
// waited for; 0: there is no cgroup, or it does not tell. It may be called beside all others.
func (g *Group) CPUTime() time.Duration {
	if g == nil || g.dir == "" {
		return 0
	}
	if t, ok := table(g.dir, "cpu.stat"); ok {
		if used := spent(t, "usage_usec"); used != nil {
			return *used
		}
	}
	return 0
}
