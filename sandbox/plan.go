package sandbox

import (
	"errors"
	"os"
	"slices"

	"github.com/usandbox/usandbox/launch"
)

// Plan compiles the command without running anything. It needs no privilege.
// The errors are those of the first part of [Cmd.Start]: *[PolicyError] and
// *[mounts.Error].
func (c *Cmd) Plan() (*launch.Program, error) {
	p := launch.New(3 + len(c.ExtraFiles))
	if err := c.checkTerminal(); err != nil {
		return nil, err
	}
	policy := c.backstop(&c.Policy)
	if c.Hold {
		return p, compile(p, policy, execution{enterable: true, hold: true, gated: c.Forked != nil, adopted: c.group.Adopts(), account: c.Account, changes: c.Changes})
	}
	if len(c.Args) == 0 || c.Args[0] == "" {
		return nil, errors.New("no command")
	}
	env := c.environ()
	return p, compile(p, policy, execution{
		name:      c.Args[0],
		paths:     candidates(c.Args[0], env),
		dir:       c.dir(),
		argv:      launch.Strings(c.Args),
		env:       launch.Secret("environment", env),
		gated:     c.Forked != nil,
		adopted:   c.group.Adopts(),
		null:      c.nullStreams(),
		terminal:  c.Terminal,
		streams:   c.terminalStreams(),
		enterable: c.Enterable,
		asks:      c.ReportRefused,
		account:   c.Account,
		changes:   c.Changes,
	})
}

func (c *Cmd) environ() []string {
	if c.Env == nil {
		return withVariables(DefaultEnv(os.Environ()), c.Policy.NoNamespaces.Variables())
	}
	return c.Env
}

// nullStreams are the standard streams that are the null device.
func (c *Cmd) nullStreams() []int {
	if c.Terminal != nil {
		return nil
	}
	if c.watchesOutput() { // the others are counted, though nobody wants them
		return slices.DeleteFunc(c.nilStreams(), func(fd int) bool { return fd > 0 })
	}
	return c.nilStreams()
}

func (c *Cmd) dir() string {
	if c.Dir != "" {
		return c.Dir
	}
	return c.Policy.Dir
}
