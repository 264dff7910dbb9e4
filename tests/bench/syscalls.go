package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/seccomp"
)

// measured are the calls whose cost is measured: the first the kernel does not run the
// filter for; the others have conditions, or are found by the search. All fail early, so
// that little but the filter is in their time.
var measured = []struct {
	name string
	nr   uintptr
	args [3]uintptr
}{
	{"getpid", unix.SYS_GETPID, [3]uintptr{}},
	{"openat of a bad address", unix.SYS_OPENAT, [3]uintptr{^uintptr(99), 0, 0}},
	{"ioctl of a bad descriptor", unix.SYS_IOCTL, [3]uintptr{1 << 30, unix.TCGETS, 0}},
	{"fchmod of a bad descriptor", unix.SYS_FCHMOD, [3]uintptr{1 << 30, 0o644, 0}},
	{"socket of a bad type", unix.SYS_SOCKET, [3]uintptr{unix.AF_UNIX, 15, 0}},
}

// callsChild measures the calls and prints nanoseconds for each; with an argument under
// a filter of one instruction, which allows all: what any filter costs.
func callsChild(args []string) error {
	runtime.LockOSThread()
	if len(args) > 0 {
		one := seccomp.Program{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}}
		fprog := unix.SockFprog{Len: 1, Filter: &one[0]}
		if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&fprog))); errno != 0 {
			return errno
		}
	}
	const batch = 20000
	var list []float64
	for _, c := range measured {
		best := time.Duration(1 << 62)
		for range 5 {
			start := time.Now()
			for range batch {
				unix.RawSyscall(c.nr, c.args[0], c.args[1], c.args[2])
			}
			best = min(best, time.Since(start))
		}
		list = append(list, float64(best.Nanoseconds())/batch)
	}
	return json.NewEncoder(os.Stdout).Encode(list)
}

// syscallsTable measures what the filter adds to a call.
func syscallsTable(b *bench) (table, error) {
	rounds := max(3, b.n/10)
	t := table{
		title: fmt.Sprintf("System calls: under which filter, %d rounds", rounds),
		head:  []string{"what", "none", "one that allows all", "default", "more than none", "target"},
	}
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	var took [3][][]float64
	order := rand.New(rand.NewPCG(3, 4))
	for range rounds {
		for _, i := range order.Perm(3) {
			c := exec.Command(b.usandbox, "run", "--seccomp", []string{"none", "none", "default"}[i], "--ro", self, "--", self, "-calls-child")
			if i == 1 {
				c.Args = append(c.Args, "under-one")
			}
			c.Dir = b.project
			out, err := c.Output()
			var list []float64
			if err == nil {
				err = json.Unmarshal(out, &list)
			}
			if err != nil {
				return t, err
			}
			took[i] = append(took[i], list)
		}
	}
	for n, c := range measured {
		var median [3]float64
		for i := range took {
			var list []float64
			for _, x := range took[i] {
				list = append(list, x[n])
			}
			slices.Sort(list)
			median[i] = list[len(list)/2]
		}
		more := median[2] - median[0]
		ns := func(x float64) string { return fmt.Sprintf("%.0f ns", x) }
		t.add(c.name, ns(median[0]), ns(median[1]), ns(median[2]), ns(more), target(more/1000, 0.060))
	}
	t.note("The target of a call is in microseconds.")
	return t, nil
}
