package seccomp

import "slices"

// Decide is what a call gets, and the rule that says so; nil: the policy's Default,
// Unknown or Foreign. It looks at the policy itself, not at what Compile makes of it.
// The policy has to be one that Compile takes.
func (p *Policy) Decide(c Call) (Action, *Rule) {
	arch := archOf(c.Arch.Audit(), c.Number)
	if !slices.Contains(p.arches(), arch) {
		return p.Foreign, nil
	}
	name, ok := Name(arch, c.Number)
	if !ok {
		return p.Unknown, nil
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; r.names(name) && r.holds(&c) {
			return r.Action, r
		}
	}
	return p.Default, nil
}

// arches are the architectures that the rules are for.
func (p *Policy) arches() []Arch {
	if p.Arches == nil {
		return []Arch{Native}
	}
	return p.Arches
}

// names reports whether the rule is about a call.
func (r *Rule) names(call string) bool {
	for _, name := range r.Calls {
		if name == call || name[0] == '@' && slices.Contains(Members(name), call) {
			return true
		}
	}
	return false
}

// holds reports whether all of the rule's conditions do.
func (r *Rule) holds(c *Call) bool {
	for _, cond := range r.When {
		if !cond.holds(c.Args[cond.Arg]) {
			return false
		}
	}
	return true
}

func (c Condition) holds(arg uint64) bool {
	value := c.Value
	if c.Mask != 0 {
		arg &= c.Mask
	}
	if !c.Wide {
		arg = uint64(uint32(arg))
	}
	switch c.Op {
	case Equal:
		return arg == value
	case NotEqual:
		return arg != value
	case Less:
		return arg < value
	case LessOrEqual:
		return arg <= value
	case Greater:
		return arg > value
	case GreaterOrEqual:
		return arg >= value
	}
	return false
}
