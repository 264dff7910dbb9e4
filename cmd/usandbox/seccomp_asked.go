package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/seccomp"
)

// seccompTest says what a call gets: the strictest answer of all filters.
func seccompTest(f *filterFlags, args []string) int {
	filters, code, ok := f.prepare("test", args, 1, 7)
	if !ok {
		return code
	}
	call, name, err := parseCall(f.arch, f.set.Args())
	if err != nil {
		var h hinted
		errors.As(err, &h)
		return fail(err, h.hint)
	}
	action, reasons := seccomp.Action{Kind: seccomp.Allow}, []string{"there is no filter"}
	for i, filter := range filters {
		a, rule := filter.decide(call)
		if i == 0 || a.Kind < action.Kind { // kinds are in the kernel's order
			action, reasons = a, f.reasons(filter, call, rule, name)
		}
	}
	fmt.Printf("%s: %s\n", name, action)
	for _, line := range reasons {
		fmt.Printf("  %s\n", printable(line))
	}
	if allows(action) {
		return 0
	}
	return 1
}

func allows(a seccomp.Action) bool { return a.Kind == seccomp.Allow || a.Kind == seccomp.Log }

// parseCall reads a call, by name or number, and its arguments. Name is the call's, or
// its number.
func parseCall(archName string, args []string) (c seccomp.Call, name string, err error) {
	if c.Arch, err = seccomp.ParseArch(archName); err != nil {
		return c, "", flagError("arch", err)
	}
	name = args[0]
	if n, err := strconv.ParseUint(name, 0, 32); err == nil {
		c.Number = uint32(n)
		c.Arch = c.Arch.Of(c.Number)
		if known, ok := seccomp.Name(c.Arch, c.Number); ok {
			name = known
		}
	} else if number, ok := seccomp.Number(c.Arch, name); ok {
		c.Number = number
	} else {
		if seccomp.Known(name) {
			return c, "", fmt.Errorf("%s has no system call %s", c.Arch, name)
		}
		return c, "", hinted{&seccomp.UnknownError{Name: name}, nearest(name, seccomp.Names(c.Arch), "")}
	}
	for i, word := range args[1:] {
		if c.Args[i], err = seccomp.ParseValue(word); err != nil {
			return c, "", fmt.Errorf("argument %d: %w", i, err)
		}
	}
	return c, name, nil
}

// decide is what a call gets, and the rule that says so, if there is one.
func (f *filterFile) decide(c seccomp.Call) (seccomp.Action, *seccomp.Rule) {
	if f.policy == nil {
		return f.program.Decide(c), nil
	}
	return f.policy.Decide(c)
}

// reasons say why a call gets what it gets, and what would allow it.
func (f *filterFlags) reasons(filter *filterFile, c seccomp.Call, rule *seccomp.Rule, name string) (lines []string) {
	_, known := seccomp.Name(c.Arch, c.Number)
	switch {
	case filter.policy == nil:
		return []string{"the program says so"}
	case rule != nil:
		lines = []string{"by " + rule.Origin + ": " + ruleFor(rule, name)}
		if rule.Origin == "" {
			lines[0] = "by " + ruleFor(rule, name)
		}
	case !filter.policy.For(c.Arch):
		lines = []string{"the filter is not for calls of " + c.Arch.String() + ": foreign"}
	case !known:
		lines = []string{"the number is not known (the table is of Linux " + seccomp.Version + "): unknown"}
	default:
		lines = []string{"no rule is about it: default"}
	}
	if filter.name == "default" {
		if groups := seccomp.Allowing(c, f.policy.Openings()...); len(groups) > 0 {
			lines = append(lines, "allowed by --allow-syscalls "+strings.Join(groups, ","))
		}
	}
	return lines
}

// ruleFor is a rule as far as it is about one call: its name, or the group that it is in.
func ruleFor(r *seccomp.Rule, name string) string {
	short := *r
	for _, call := range r.Calls {
		if call == name {
			short.Calls = []string{call}
			break
		}
		for _, member := range seccomp.Members(call) {
			if member == name {
				short.Calls = []string{call}
			}
		}
	}
	return short.String()
}
