package oci

import (
	"slices"

	"github.com/usandbox/usandbox/seccomp"
)

// ruleSet collects rules. An unconditional one takes its calls for itself.
type ruleSet struct {
	rules []seccomp.Rule
	whole map[string]bool // calls that have an unconditional rule
}

func (s *ruleSet) add(r seccomp.Rule) {
	if s.whole == nil {
		s.whole = map[string]bool{}
	}
	r.Calls = slices.Clone(r.Calls)
	if len(r.When) == 0 {
		r.Calls = slices.DeleteFunc(r.Calls, func(call string) bool { return s.whole[call] })
		for _, call := range r.Calls {
			s.whole[call] = true
		}
	}
	s.rules = append(s.rules, r)
}

// effective are the rules that have an effect.
func (s *ruleSet) effective() []seccomp.Rule {
	var rules []seccomp.Rule
	for _, r := range s.rules {
		if len(r.When) > 0 {
			r.Calls = slices.DeleteFunc(r.Calls, func(call string) bool { return s.whole[call] })
		}
		if len(r.Calls) > 0 {
			rules = append(rules, r)
		}
	}
	return rules
}
