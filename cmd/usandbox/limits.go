package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/sandbox"
)

// limitFlags are the flags about what the sandbox may use of the machine.
type limitFlags struct {
	memory, memoryHigh, swap string
	pids                     int64
	cpus, cpuset             string
	cpuWeight, ioWeight      int
	cgroup, mode             string
}

const (
	limitsRequired   = "required"
	limitsBestEffort = "best-effort"
	limitsNone       = "none"
)

func (l *limitFlags) declare(s *pflag.FlagSet) {
	s.StringVar(&l.memory, "memory", "", "all in the sandbox together may use `SIZE` of memory, as 500M or 2G; beyond, all of it is killed")
	s.StringVar(&l.memoryHigh, "memory-high", "", "from `SIZE` of memory on it is slowed down")
	s.StringVar(&l.swap, "swap", "", "it may use `SIZE` of swap space; none with --memory, if this is not said")
	s.Int64Var(&l.pids, "pids", 0, "at most `N` processes and threads; two are the sandbox's own")
	s.StringVar(&l.cpus, "cpus", "", "at most the time of `N` processors, as 1.5")
	s.IntVar(&l.cpuWeight, "cpu-weight", 0, "the share of the processors where others want them, `N` from 1 to 10000; what says nothing has 100")
	s.StringVar(&l.cpuset, "cpuset", "", "run on these processors only, a `LIST` as 0-3,8")
	s.IntVar(&l.ioWeight, "io-weight", 0, "the share of disks, `N` from 1 to 10000; what says nothing has 100")
	s.StringVar(&l.cgroup, "cgroup", "", "make the sandbox's cgroup in `DIR`, a cgroup that is delegated to you")
	s.StringVar(&l.mode, "limits", limitsRequired, "`MODE` required (a limit that cannot be had is an error), best-effort (then limits of single processes are set), none (no default limits)")
}

// set puts what was asked for into a policy.
func (l *limitFlags) set(s *pflag.FlagSet, p *sandbox.Policy) error {
	to := &p.Limits
	var swap int64
	for _, size := range []struct {
		flag, text string
		to         *int64
		zero       bool // means something
	}{{"memory", l.memory, &to.Memory, false}, {"memory-high", l.memoryHigh, &to.MemoryHigh, false}, {"swap", l.swap, &swap, true}} {
		if !s.Changed(size.flag) {
			continue
		}
		n, err := limits.ParseSize(size.text)
		if err == nil && n == 0 && !size.zero {
			err = fmt.Errorf("%q: nothing would run", size.text)
		}
		if err != nil {
			return flagError(size.flag, err)
		}
		*size.to = n
	}
	if s.Changed("swap") {
		to.Swap = &swap
	}
	if s.Changed("cpus") {
		n, err := limits.ParseCPUs(l.cpus)
		if err != nil {
			return flagError("cpus", err)
		}
		to.CPUs = n
	}
	if s.Changed("pids") && l.pids < 1 {
		return flagError("pids", fmt.Errorf("%d: nothing would run", l.pids))
	}
	for flag, n := range map[string]int{"cpu-weight": l.cpuWeight, "io-weight": l.ioWeight} {
		if s.Changed(flag) && n < 1 {
			return flagError(flag, fmt.Errorf("%d is not between 1 and 10000", n))
		}
	}
	for flag, text := range map[string]string{"cpuset": l.cpuset, "cgroup": l.cgroup} {
		if s.Changed(flag) && text == "" {
			return flagError(flag, errors.New("it is empty"))
		}
	}
	if !slices.Contains([]string{limitsRequired, limitsBestEffort, limitsNone}, l.mode) {
		return flagError("limits", fmt.Errorf("%q is not one of %s, %s, %s", l.mode, limitsRequired, limitsBestEffort, limitsNone))
	}
	to.Pids, to.CPUWeight, to.CPUSet, to.IOWeight, to.Dir = l.pids, l.cpuWeight, l.cpuset, l.ioWeight, l.cgroup
	to.BestEffort = l.mode == limitsBestEffort
	return to.Check()
}

// setDefault adds the limits that nobody asked for, to a sandbox that is run at once.
func (l *limitFlags) setDefault(p *sandbox.Policy) { p.Limits.Default = l.mode != limitsNone }

// tellNotLimited tells which limits do not hold.
func tellNotLimited(c *sandbox.Cmd) {
	for _, line := range c.NotLimited() {
		fmt.Fprintln(os.Stderr, "usandbox: --limits=best-effort:", printable(line))
	}
}

// tellLimits tells which limits the sandbox has met.
func (r *running) tellLimits() {
	result := r.c.Result()
	if result == nil || result.Usage == nil {
		return
	}
	switch {
	case result.Usage.OOMElsewhere():
		fmt.Fprintln(os.Stderr, "usandbox: the sandbox was killed: the machine, or a cgroup that usandbox is in, had no memory left")
	case result.OOM():
		fmt.Fprintf(os.Stderr, "usandbox: the sandbox was killed: it wanted more memory than it may have (%s)\n", asked("--memory", r.c.Policy.Limits.Memory))
	}
	if n := result.Usage.PidsMax; n != nil && *n > 0 {
		fmt.Fprintf(os.Stderr, "usandbox: the sandbox wanted more processes than it may have (%s)\n", asked("--pids", r.c.Policy.Limits.Pids))
	}
}

// asked is a flag with its value, or what says that it was not given.
func asked(flag string, n int64) string {
	if n == 0 {
		return "the default; " + flag + " allows more"
	}
	return fmt.Sprint(flag, " ", n)
}
