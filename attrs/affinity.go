package attrs

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Affinity is which processors a process may run on: their numbers, in ascending order,
// sched_setaffinity(2).
//
// Warning: it is no wall: the process can widen it again. What holds is a cpuset, cpuset(7).
type Affinity []int

// maxCPU is above the number of every processor, the largest NR_CPUS.
const maxCPU = 8192

// ParseAffinity reads numbers and ranges, as the lists of cpuset(7): 0,2-5.
func ParseAffinity(text string) (Affinity, error) {
	bad := fmt.Errorf("%q is no list of processors: want numbers below %d and ranges, as 0,2-5", text, maxCPU)
	var list Affinity
	for item := range strings.SplitSeq(text, ",") {
		a, b, ranged := strings.Cut(item, "-")
		first, err := cpuNumber(a)
		last := first
		if err == nil && ranged {
			last, err = cpuNumber(b)
		}
		if err != nil || last < first || len(list) > maxCPU {
			return nil, bad
		}
		for n := first; n <= last; n++ {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func cpuNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err == nil && (n >= maxCPU || text[0] == '+') {
		err = strconv.ErrRange
	}
	return int(n), err
}

// String is the list as ParseAffinity reads it.
func (a Affinity) String() string {
	var items []string
	for i := 0; i < len(a); {
		j := i
		for j+1 < len(a) && a[j+1] == a[j]+1 {
			j++
		}
		item := strconv.Itoa(a[i])
		if j > i {
			item += "-" + strconv.Itoa(a[j])
		}
		items, i = append(items, item), j+1
	}
	return strings.Join(items, ",")
}

// Check refuses processors that there are not, or that are not online, where the kernel
// would leave them out without a word. Where /sys is not to be seen it refuses nothing.
func (a Affinity) Check() error {
	if len(a) == 0 || !slices.IsSorted(a) || a[0] < 0 || a[len(a)-1] >= maxCPU {
		return fmt.Errorf("%v is no list of processors", []int(a))
	}
	text, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		return nil
	}
	online, err := ParseAffinity(strings.TrimSpace(string(text)))
	if err != nil {
		return nil
	}
	for _, n := range a {
		if !slices.Contains(online, n) {
			return fmt.Errorf("there is no processor %d, or it is not online: %v are", n, online)
		}
	}
	return nil
}

// Set appends: the process, and what it forks, runs on these processors alone. EINVAL: none
// of them is in its cpuset.
func (a Affinity) Set(p *launch.Program) {
	words := make([]any, a[len(a)-1]/64+1)
	for i := range words {
		var w uint64
		for _, n := range a {
			if n/64 == i {
				w |= 1 << (n % 64)
			}
		}
		words[i] = w
	}
	p.Doing("run on the processors " + a.String())
	p.Call(unix.SYS_SCHED_SETAFFINITY, 0, 8*len(words), launch.Words("processors", words...))
}
