package seccomp

import (
	"errors"
	"fmt"
)

// RuleError says what is wrong with a rule.
type RuleError struct {
	Origin string // of the rule; may be empty
	Err    error
}

func (e *RuleError) Error() string {
	if e.Origin == "" {
		return e.Err.Error()
	}
	return e.Origin + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *RuleError) Unwrap() error { return e.Err }

// UnknownError says that there is no system call, or group of them, of a name.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	if len(e.Name) > 0 && e.Name[0] == '@' {
		return fmt.Sprintf("unknown group of system calls %q", e.Name)
	}
	return fmt.Sprintf("unknown system call %q (Linux %s is known)", e.Name, Version)
}

// Check fails with a *[RuleError] if a rule is wrong, or another error if something
// else is.
func (p *Policy) Check() error {
	arches := p.arches()
	if len(arches) == 0 {
		return errors.New("a system call filter for no architecture")
	}
	for _, a := range arches {
		if a.Audit() == 0 {
			return errors.New("a system call filter for an unknown architecture")
		}
	}
	for _, a := range []Action{p.Default, p.Unknown, p.Foreign} {
		if err := a.check(); err != nil {
			return err
		}
	}
	for i := range p.Rules {
		if err := p.Rules[i].check(); err != nil {
			return &RuleError{p.Rules[i].Origin, err}
		}
	}
	return nil
}

func (a Action) check() error {
	switch {
	case a.Kind >= kinds:
		return fmt.Errorf("unknown action %d", a.Kind)
	case a.Kind == Errno && a.Data > maxErrno:
		return fmt.Errorf("errno %d: at most %d", a.Data, maxErrno)
	}
	return nil
}

func (r *Rule) check() error {
	if err := r.Action.check(); err != nil {
		return err
	}
	if len(r.Calls) == 0 {
		return errors.New("a rule without system calls")
	}
	for _, name := range r.Calls {
		if isGroup(name) && Members(name) == nil || !isGroup(name) && !Known(name) {
			return &UnknownError{name}
		}
	}
	for _, c := range r.When {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

func isGroup(name string) bool { return name != "" && name[0] == '@' }

func (c Condition) check() error {
	switch {
	case c.Arg < 0 || c.Arg > 5:
		return fmt.Errorf("argument %d: there are those from 0 to 5", c.Arg)
	case c.Op > GreaterOrEqual:
		return fmt.Errorf("unknown comparison %d", c.Op)
	case !c.Wide && c.Value>>32 != 0:
		return fmt.Errorf("the value %#x has more than the 32 bits that are compared", c.Value)
	case !c.Wide && c.Mask>>32 != 0:
		return fmt.Errorf("the mask %#x has more than the 32 bits that are compared", c.Mask)
	}
	return nil
}
