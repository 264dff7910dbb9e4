package limits

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"golang.org/x/sys/unix"
)

// Limits is what a sandbox may use of the machine, all of its processes together. The zero
// value limits nothing, and makes no cgroup.
type Limits struct {
	// Memory is how many bytes it may use; what would need more is killed, and all else in the
	// sandbox with it (memory.max, memory.oom.group). Zero: no limit. Without Swap it gets no
	// swap space, which would be more memory.
	Memory int64

	// MemoryHigh is from how many bytes on it is slowed down and its memory taken back
	// (memory.high). Zero: none.
	MemoryHigh int64

	// Swap is how many bytes of swap space it may use (memory.swap.max). Nil: none where Memory
	// is set, else no limit.
	Swap *int64

	// Pids is how many processes and threads there may be at one time; a fork beyond fails with
	// EAGAIN (pids.max). Zero: no limit. The sandbox's own two processes count.
	Pids int64

	// CPUs is how much processor time it may use, in processors: 1.5 is 150 ms in each 100 ms
	// (cpu.max). Zero: no limit; else from MinCPUs on.
	CPUs float64

	// CPUWeight is its share of the processors where others want them, from 1 to 10000; what
	// says nothing has 100 (cpu.weight). Zero: not set.
	CPUWeight int

	// CPUSet are the processors that it may run on, as "0-3,8" (cpuset.cpus). Empty: all.
	CPUSet string

	// IOWeight is its share of block devices, from 1 to 10000; what says nothing has 100
	// (io.weight; it needs the BFQ scheduler or io.cost). Zero: not set.
	IOWeight int

	// Dir is the folder of a cgroup that is delegated to the caller, in which the sandbox's is
	// made. Empty: one is looked for, see [New].
	Dir string

	// Default has DefaultPids, and DefaultMemory of the machine's memory, hold where Pids and
	// Memory are zero and a cgroup is made anyway, or costs next to nothing. It is no error
	// if they cannot be had.
	Default bool

	// BestEffort takes limits of single processes, setrlimit(2), where no cgroup can be had.
	// Warning: they limit much less; [Group.Lost] tells what.
	BestEffort bool
}

// The limits of Limits.Default.
const (
	DefaultPids   = 4096
	DefaultMemory = 0.9
)

// MinCPUs is the smallest amount of processor time that the kernel takes: 1 ms of 100 ms.
const MinCPUs = 0.01

const maxWeight = 10000

// Asked are the flags of the limits that are asked for; empty: none is.
func (l *Limits) Asked() []string {
	var list []string
	for _, s := range l.settings() {
		list = append(list, s.flag)
	}
	return list
}

// Wanted reports whether a cgroup is to be made, or is to be if it costs nothing.
func (l *Limits) Wanted() bool { return l.Default || l.Dir != "" || len(l.settings()) > 0 }

// Check returns what is wrong in the values themselves.
func (l *Limits) Check() error {
	weight := func(flag string, n int) error {
		if n < 0 || n > maxWeight {
			return fmt.Errorf("--%s: %d is not between 1 and %d", flag, n, maxWeight)
		}
		return nil
	}
	switch {
	case l.Memory < 0, l.MemoryHigh < 0, l.Swap != nil && *l.Swap < 0:
		return errors.New("a limit of memory cannot be below 0")
	case l.Pids < 0:
		return errors.New("--pids: a limit cannot be below 0")
	case l.CPUs != 0 && !(l.CPUs >= MinCPUs && l.CPUs <= maxCPUs):
		return fmt.Errorf("--cpus: %v is not between %v and %v", l.CPUs, MinCPUs, maxCPUs)
	}
	if l.CPUSet != "" {
		if err := CheckCPUSet(l.CPUSet); err != nil {
			return fmt.Errorf("--cpuset: %w", err)
		}
	}
	return errors.Join(weight("cpu-weight", l.CPUWeight), weight("io-weight", l.IOWeight))
}

// setting is a value for one file of a cgroup.
type setting struct {
	flag       string // that asked for it
	controller string
	file       string
	value      string
	may        bool // be left out where it cannot be had
}

const cpuPeriod = 100_000 // microseconds

// settings are what is asked for, in the order in which it is written.
func (l *Limits) settings() []setting {
	var list []setting
	number := func(flag, controller, file string, n int64) {
		if n > 0 {
			list = append(list, setting{flag, controller, file, strconv.FormatInt(n, 10), false})
		}
	}
	number("--memory", "memory", "memory.max", l.Memory)
	number("--memory-high", "memory", "memory.high", l.MemoryHigh)
	if l.Swap != nil {
		list = append(list, setting{"--swap", "memory", "memory.swap.max", strconv.FormatInt(*l.Swap, 10), false})
	}
	number("--pids", "pids", "pids.max", l.Pids)
	if l.CPUs > 0 {
		quota := int64(math.Round(l.CPUs * cpuPeriod))
		list = append(list, setting{"--cpus", "cpu", "cpu.max", fmt.Sprintf("%d %d", quota, cpuPeriod), false})
	}
	number("--cpu-weight", "cpu", "cpu.weight", int64(l.CPUWeight))
	if l.CPUSet != "" {
		list = append(list, setting{"--cpuset", "cpuset", "cpuset.cpus", l.CPUSet, false})
	}
	number("--io-weight", "io", "io.weight", int64(l.IOWeight))
	return list
}

// implied are the settings that nobody asked for by name.
func (l *Limits) implied() []setting {
	list := []setting{{"", "memory", "memory.oom.group", "1", true}}
	if l.Memory > 0 && l.Swap == nil {
		list = append(list, setting{"", "memory", "memory.swap.max", "0", true})
	}
	if l.Default && l.Pids == 0 {
		list = append(list, setting{"", "pids", "pids.max", strconv.Itoa(DefaultPids), true})
	}
	if l.Default && l.Memory == 0 {
		if bytes := machineMemory(); bytes > 0 {
			list = append(list, setting{"", "memory", "memory.max", strconv.FormatInt(int64(DefaultMemory*float64(bytes)), 10), true})
		}
	}
	return list
}

// machineMemory is the size of the machine's memory in bytes, sysinfo(2); 0: unknown.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}
