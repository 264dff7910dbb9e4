package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/attrs"
	"github.com/usandbox/usandbox/sandbox"
)

// attributeFlags are the flags about what the command inherits from its parent.
type attributeFlags struct {
	core, mdwe  bool
	umask       string
	oomScoreAdj int
	personality string
	allowance   allowanceFlags
}

func (a *attributeFlags) declare(s *pflag.FlagSet) {
	s.BoolVar(&a.core, "core", false, "leave the limit of core dumps as it is, instead of switching them off")
	s.BoolVar(&a.mdwe, "mdwe", false, "deny memory that becomes executable (PR_SET_MDWE); JIT compilers do not run")
	s.StringVar(&a.umask, "umask", "", "the command's file mode creation mask, `OCTAL`")
	s.IntVar(&a.oomScoreAdj, "oom-score-adj", 0, "how soon it is killed when memory is short: `N` from -1000 to 1000")
	s.StringVar(&a.personality, "personality", "", "execution domain and flags, `NAME[,NAME]` of setarch(8): linux32, addr-no-randomize, ...")
	a.allowance.declare(s)
}

// set puts what was asked for into a policy.
func (a *attributeFlags) set(s *pflag.FlagSet, p *sandbox.Policy) error {
	p.CoreDumps, p.DenyWriteExec = a.core, a.mdwe
	if s.Changed("umask") {
		mask, err := strconv.ParseUint(a.umask, 8, 32)
		if err != nil || mask > 0o777 {
			return flagError("umask", fmt.Errorf("%q is not an octal number from 0 to 777", a.umask))
		}
		m := uint32(mask)
		p.Umask = &m
	}
	if s.Changed("oom-score-adj") {
		if a.oomScoreAdj < attrs.MinOOMScoreAdj || a.oomScoreAdj > attrs.MaxOOMScoreAdj {
			return flagError("oom-score-adj", fmt.Errorf("%d is not between %d and %d", a.oomScoreAdj, attrs.MinOOMScoreAdj, attrs.MaxOOMScoreAdj))
		}
		p.OOMScoreAdj = &a.oomScoreAdj
	}
	if s.Changed("personality") {
		domain, err := attrs.ParsePersonality(a.personality)
		if err != nil {
			return flagError("personality", err)
		}
		p.Personality = &domain
	}
	return a.allowance.set(s, p)
}
