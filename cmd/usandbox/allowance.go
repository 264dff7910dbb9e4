package main

import (
	"fmt"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/attrs"
	"github.com/usandbox/usandbox/sandbox"
)

// allowanceFlags are the flags about what the kernel bounds for each process by itself, and
// for the sandbox's own file system.
type allowanceFlags struct {
	rlimits  []string
	nice     int
	affinity string
	tmpSize  string
}

func (a *allowanceFlags) declare(s *pflag.FlagSet) {
	s.StringArrayVar(&a.rlimits, "rlimit", nil, "a resource limit of each process, `NAME=SOFT[:HARD]` of prlimit(1): nofile=64, fsize=10M, core=0, ...; repeatable")
	s.IntVar(&a.nice, "nice", 0, "the nice value: `N` from -20 to 19")
	s.StringVar(&a.affinity, "cpu-affinity", "", "run on these processors, a `LIST` as 0,2-5; the command can undo it")
	s.StringVar(&a.tmpSize, "tmp-size", "", "at most `SIZE` altogether in /tmp, home and what else is in memory, as 100M")
}

// set puts what was asked for into a policy.
func (a *allowanceFlags) set(s *pflag.FlagSet, p *sandbox.Policy) error {
	given := map[int]bool{}
	for _, text := range a.rlimits {
		l, err := attrs.ParseRlimit(text)
		switch {
		case err != nil:
			return flagError("rlimit", err)
		case given[l.Resource]:
			return flagError("rlimit", fmt.Errorf("%s is given twice", l.Name()))
		case l.Resource == unix.RLIMIT_CORE && !p.CoreDumps:
			return hinted{flagError("rlimit", fmt.Errorf("%s: core dumps are switched off by a limit of their own", text)), "add --core, which leaves that limit alone"}
		}
		if err := l.Check(); err != nil {
			return flagError("rlimit", err)
		}
		given[l.Resource] = true
		p.Rlimits = append(p.Rlimits, l)
	}
	if s.Changed("nice") {
		if err := attrs.CheckNice(a.nice); err != nil {
			return flagError("nice", err)
		}
		p.Nice = &a.nice
	}
	if s.Changed("cpu-affinity") {
		list, err := attrs.ParseAffinity(a.affinity)
		if err == nil {
			err = list.Check()
		}
		if err != nil {
			return flagError("cpu-affinity", err)
		}
		p.Affinity = list
	}
	if s.Changed("tmp-size") {
		size, err := parseSize(a.tmpSize)
		if err != nil {
			return flagError("tmp-size", err)
		}
		p.TmpSize = size
	}
	return nil
}
