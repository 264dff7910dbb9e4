package sandbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/network"
	"github.com/usandbox/usandbox/userns"
)

// Takeover is what a program leaves behind that gives its own place to a sandbox,
// see [Cmd.Exec].
type Takeover struct {
	// Forward are the signals that go on to the command. Others do to the process
	// what they do to any.
	Forward []launch.Forward

	// Watch is a folder that is looked at in the end; nil: none.
	Watch *Planted

	again int   // file descriptor of the calling program
	kept  *kept // a copy-on-write run; nil: none
	lock  int   // file descriptor of the lock of the caches' layers; -1: there are none
}

// errInPlace says that a sandbox needs a supervisor.
var errInPlace = errors.New("sandbox: it cannot take the caller's place")

// Exec runs the command in place of the calling program, which thereby is gone:
// nothing of it is left in memory, and the process ends as the command ends, with
// 128 and the signal's number as the exit code if that was a signal. The standard
// streams must be the process's own.
//
// If the sandbox cannot be set up, or the command not be executed, the calling
// program is executed again, with "again" and the process's own arguments: it is
// to do the same with [Cmd.Start], which tells why. If something has changed in
// t.Watch, it is executed beside, with "planted" and t.Watch's [Planted.State].
//
// Exec returns only if it has changed nothing: because the policy needs a
// supervisor (ranges of ids, clock offsets, CAP_SYS_ADMIN, As, CommandIsInit, limits, a network) or the command has a terminal, on
// Linux before 6.9, or because of an error, which Start will give again.
func (c *Cmd) Exec(t Takeover) error {
	if !c.fitsInPlace() || t.Watch != nil && t.Watch.tooLarge() || !launch.CanAttend() {
		return errInPlace
	}
	var err error
	if t.again, err = unix.Open("/proc/self/exe", unix.O_PATH, 0); err != nil { // kept over the exec
		return err
	}
	defer unix.Close(t.again)
	if t.kept, err = keep(c.Changes); err != nil {
		return err
	}
	defer t.kept.drop()
	if err := c.takeCaches(); err != nil {
		return err
	}
	defer c.releaseCaches()
	if t.lock, err = c.keepLock(); err != nil {
		return err
	}
	defer t.closeLock()
	env := c.environ()
	program := launch.NewInPlace(3, t.again)
	err = compile(program, &c.Policy, execution{
		name:     c.Args[0],
		paths:    candidates(c.Args[0], env),
		dir:      c.dir(),
		argv:     launch.Strings(c.Args),
		env:      launch.Secret("environment", env),
		takeover: &t,
		changes:  c.Changes,
	})
	if err != nil {
		return err
	}
	image, err := program.Image()
	if err == nil {
		err = t.kept.make()
	}
	if err != nil {
		return err
	}
	return image.Exec(os.Args, os.Environ())
}

// fitsInPlace reports whether the command needs nobody outside but one who passes
// signals on.
func (c *Cmd) fitsInPlace() bool {
	const many = 1 << 14 // arguments and variables that launch.Program.OwnArgs surely takes
	p := &c.Policy
	switch {
	case len(c.Args) == 0, c.Args[0] == "", c.process != nil, len(os.Args) > many, len(os.Environ()) > many,
		c.ctx != nil, c.Forked != nil, c.Enterable, c.Hold, c.Terminal != nil, c.ReportRefused, c.Account, c.limited(), len(c.ExtraFiles) > 0,
		c.Stdin != os.Stdin, c.Stdout != os.Stdout, c.Stderr != os.Stderr,
		len(p.UIDMap) > 0, len(p.GIDMap) > 0, p.Clocks != userns.Offsets{}, p.As != nil, p.CommandIsInit, len(p.Limits.Asked()) > 0, p.Limits.Dir != "",
		p.Capabilities.Has(unix.CAP_SYS_ADMIN), p.NoNamespaces != nil, p.Network.Mode != network.None, p.Network.Relayed():
		return false
	}
	for fd, f := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if noFolder(fd, f) != nil {
			return false
		}
	}
	return true
}

// inPlace appends outer's part where outer is the calling process: it stays in the
// caller's user namespace, and init is the first in the new one.
// Killed is what to say if a system call filter ends the command.
func inPlace(p *launch.Program, t *Takeover, id identity, init *launch.Label, killed string) {
	p.ForkInit(init, userns.SetOf(userns.User, userns.PID).Flags())
	p.Undumpable()
	t.recordInit(p)
	p.Attend(t.Forward, func(status *launch.Var) {
		t.kept.record(p, status)
		tellKilled(p, status, killed)
		t.Watch.look(p)
	})

	p.Process("init")
	p.Here(init)
	p.ForgetCaller()
	writeMaps(p, id)
}
