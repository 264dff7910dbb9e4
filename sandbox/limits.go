package sandbox

import (
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/limits"
)

// makeGroup makes the cgroup that the policy wants.
func (c *Cmd) makeGroup() (err error) {
	c.group, err = limits.New(c.Policy.Limits)
	return err
}

// endGroup removes the cgroup, with all that is left in it.
func (c *Cmd) endGroup() error {
	return c.group.Remove()
}

// prepare does what outer, whose process id is pid, waits for.
func (c *Cmd) prepare(pid int) error {
	if err := c.group.Adopt(pid); err != nil {
		return err
	}
	if len(c.Policy.UIDMap) == 0 && len(c.Policy.GIDMap) == 0 {
		return nil
	}
	return c.installMaps(pid)
}

// awaitGroup appends, in outer: wait until the process is under its limits. It comes after
// the user namespace is made, in which limits of single processes count; before init is
// forked, and makes its cgroup namespace.
func (run *execution) awaitGroup(p *launch.Program) {
	if run.adopted {
		p.Doing("wait for the limits")
		p.AwaitCaller()
	}
}

// NotLimited are sentences about limits of Policy.Limits that do not hold, or hold for less.
// There are none but with limits.Limits.BestEffort. It is to be called after Start.
func (c *Cmd) NotLimited() []string { return c.group.Lost() }

// checkLimits refuses limits that are no limits.
func (p *Policy) checkLimits() error {
	if err := p.Limits.Check(); err != nil {
		return &PolicyError{"Limits", err}
	}
	return nil
}

// limitsNeedSupervisor refuses limits for a program that nobody watches.
func (p *Policy) limitsNeedSupervisor() error {
	if len(p.Limits.Asked()) > 0 || p.Limits.Dir != "" {
		return &PolicyError{"Limits", needsSupervisor("nobody would make its cgroup, and remove it")}
	}
	return nil
}
