package oci

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/usandbox/usandbox/seccomp"
)

// entry adds the rules of one entry.
func (c *converter) entry(rules *ruleSet, e *entry, index int) error {
	names := e.Names
	switch {
	case e.Name != "" && len(names) > 0:
		return errors.New("name and names exclude each other")
	case e.Name != "":
		names = []string{e.Name}
	case len(names) == 0:
		return errors.New("no names")
	case len(names) > maxNames || len(e.Args) > maxArgs:
		return fmt.Errorf("more than %d names or %d args", maxNames, maxArgs)
	}
	act, err := action(e.Action, e.ErrnoRet)
	if err != nil {
		return err
	}
	whens, err := conditions(e.Args)
	if err != nil {
		return err
	}
	applies, err := c.host.applies(e)
	if err != nil || !applies {
		return err
	}
	if act == c.policy.Default { // runc makes no rule of it
		return nil
	}
	var calls []string
	for _, name := range names {
		if name == "" || name[0] == '@' {
			return fmt.Errorf("%q is no name of a system call", name)
		}
		if !seccomp.Known(name) {
			c.notes.UnknownCalls = append(c.notes.UnknownCalls, name)
		} else if !slices.Contains(calls, name) {
			calls = append(calls, name)
		}
	}
	if len(calls) == 0 {
		return nil
	}
	origin := c.file + ": syscalls[" + strconv.Itoa(index) + "]"
	for _, when := range whens {
		rules.add(seccomp.Rule{Action: act, Calls: calls, When: when, Origin: origin})
	}
	return nil
}

// conditions are those of the rules that an entry stands for. Without conditions of
// its own it is one rule. If two are on the same argument, each is a rule, as in runc.
func conditions(args []arg) ([][]seccomp.Condition, error) {
	var used [6]int
	apart := false
	for i, a := range args {
		if a.Index > 5 {
			return nil, fmt.Errorf("args[%d]: index %d; a call has the arguments 0 to 5", i, a.Index)
		}
		used[a.Index]++
		apart = apart || used[a.Index] > 1
	}
	whens := [][]seccomp.Condition{nil}
	if apart {
		whens = nil
	}
	for i, a := range args {
		cond, always, err := condition(a)
		if err != nil {
			return nil, fmt.Errorf("args[%d]: %w", i, err)
		}
		switch {
		case apart && always:
			whens = append(whens, nil)
		case apart:
			whens = append(whens, []seccomp.Condition{cond})
		case !always:
			whens[0] = append(whens[0], cond)
		}
	}
	return whens, nil
}

// condition converts one. Always: it holds of every value.
func condition(a arg) (c seccomp.Condition, always bool, err error) {
	c = seccomp.Condition{Arg: int(a.Index), Value: a.Value, Wide: true}
	switch a.Op {
	case "SCMP_CMP_EQ":
		c.Op = seccomp.Equal
	case "SCMP_CMP_NE":
		c.Op = seccomp.NotEqual
	case "SCMP_CMP_LT":
		c.Op = seccomp.Less
	case "SCMP_CMP_LE":
		c.Op = seccomp.LessOrEqual
	case "SCMP_CMP_GT":
		c.Op = seccomp.Greater
	case "SCMP_CMP_GE":
		c.Op = seccomp.GreaterOrEqual
	case "SCMP_CMP_MASKED_EQ":
		// Bits of the value that are not in the mask count for nothing, as in libseccomp.
		c.Op, c.Mask, c.Value = seccomp.Equal, a.Value, a.ValueTwo&a.Value
		if c.Mask == 0 {
			return c, true, nil
		}
	default:
		return c, false, fmt.Errorf("%q is no comparison; want as SCMP_CMP_EQ", a.Op)
	}
	if a.Op != "SCMP_CMP_MASKED_EQ" && a.ValueTwo != 0 {
		return c, false, fmt.Errorf("valueTwo with %s, which has one value", a.Op)
	}
	return c, false, nil
}
