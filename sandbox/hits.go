package sandbox

import "golang.org/x/sys/unix"

// Hit is a limit that a command has met.
type Hit struct {
	// Limit is timeout, cpu-time, idle-timeout or output-limit, which ended the command; rlimit
	// cpu or rlimit fsize, likewise; or memory, memory-high, pids or cpus, which its cgroup counts.
	Limit string

	// Times is how often; nil: the command ended by it.
	Times *int64
}

// LimitsHit are the limits that were met, as far as that is known: of resource limits those that
// have ended the command itself by a signal.
func (r *Result) LimitsHit() (list []Hit) {
	if r.Ending.Limited() {
		list = append(list, Hit{Limit: string(r.Ending)})
	}
	if r.Status.Signaled() {
		switch r.Status.Signal() {
		case unix.SIGXCPU:
			list = append(list, Hit{Limit: "rlimit cpu"})
		case unix.SIGXFSZ:
			list = append(list, Hit{Limit: "rlimit fsize"})
		}
	}
	u := r.Usage
	if u == nil {
		return list
	}
	memory := u.OOMKills
	if u.OOMElsewhere() {
		memory = nil // it was not this limit
	}
	for _, x := range []Hit{{"memory", memory}, {"memory-high", u.MemoryHigh}, {"pids", u.PidsMax}, {"cpus", u.Throttles}} {
		if x.Times != nil && *x.Times > 0 {
			list = append(list, x)
		}
	}
	return list
}
