package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// For reports whether the rules are for calls of an architecture; else they get Foreign.
func (p *Policy) For(arch Arch) bool { return slices.Contains(p.arches(), arch) }

// Allowing are the names of [Openings] with which the default filter would let a call
// through, beside those that are open already. Empty: it does so, or none would.
func Allowing(c Call, open ...string) (names []string) {
	for {
		p, err := Default(slices.Concat(names, open)...)
		if err != nil {
			return nil
		}
		action, rule := p.Decide(c)
		next := ""
		switch {
		case action.Kind == Allow || action.Kind == Log:
			return names
		case rule != nil:
			next = rule.Opens
			if next == "namespaces" && c.makesUser() && !slices.Contains(open, "userns") {
				next = "userns" // else the limit on user namespaces would refuse it
			}
		case !p.For(archOf(c.Arch.Audit(), c.Number)):
			next = archOf(c.Arch.Audit(), c.Number).String()
		}
		known := slices.ContainsFunc(Openings(), func(o Opening) bool { return o.Name == next })
		if !known || slices.Contains(names, next) || slices.Contains(open, next) {
			return nil
		}
		names = append(names, next)
	}
}

// makesUser reports whether the call makes a user namespace.
func (c *Call) makesUser() bool {
	name, _ := Name(c.Arch, c.Number)
	return familyOf(name, 0) == cloneFlags && c.Args[0]&unix.CLONE_NEWUSER != 0
}
