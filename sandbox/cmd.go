package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cache"
	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/network/relay"
)

// Cmd is a command that is being prepared, or runs, in a sandbox. Its fields and
// methods mean what they do in os/exec, unless said otherwise. It cannot be used
// again after Start.
type Cmd struct {
	// Args are the command's arguments; Args[0] is its name, looked for in the
	// PATH of its own environment, in the sandbox.
	Args []string

	// Env is the command's environment. Nil: [DefaultEnv] of the caller's; empty
	// and not nil: none.
	Env []string

	// Dir is the working directory in the sandbox; empty: the policy's.
	Dir string

	// Stdin, Stdout and Stderr are the standard streams; nil: the null device. An
	// *os.File is passed itself, anything else through a pipe.
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Terminal gives the command a terminal of the sandbox's own, which is in place of
	// the null device then. Nil: it has none.
	Terminal *Terminal

	// ExtraFiles become file descriptors 3 and up; nil entries are closed there.
	// Warning: a folder among them is a way into all that is below it.
	ExtraFiles []*os.File

	// Forked is called by Start while the sandbox is being set up; the command does
	// not run before it has returned. It may be nil.
	Forked func()

	// Enterable makes [Cmd.Enter] possible. Not with Policy.CommandIsInit, nor with
	// CAP_SYS_ADMIN.
	Enterable bool

	// Hold makes a sandbox without a command, which is there to be entered until it is
	// killed. Args is ignored, and Enterable is set.
	Hold bool

	// ReportRefused has those system calls noted that the first filter of the policy
	// refuses with an errno, see [Cmd.Refused]. They are refused all the same; each costs a
	// message to this process and back. Programs that enter are not reported.
	//
	// seccomp_unotify(2), Linux 5.0. The kernel has one listener: a program inside gets
	// EBUSY if it wants one, and so does Start within another sandbox that has one.
	ReportRefused bool

	// Account has Result.Account and Result.Namespaces filled in. The sandbox then waits for
	// what the command leaves behind, and kills it, before it ends.
	Account bool

	// Changes is the copy-on-write run whose folders the policy shows (see
	// Policy.WithCopyOnWrite): Start makes it on disk, the command's end is recorded
	// there. Nil: there is none.
	Changes *cow.Run

	// Caches are the caches of build tools that the policy shows (see
	// Policy.WithCaches): Start takes their layers, Wait gives them back. Nil: there are
	// none.
	Caches *cache.Layers

	// Relay is what the relay of Policy.Network is told.
	Relay relay.Options

	// Deadlines end a command that takes too long or prints too much.
	Deadlines

	// Policy is what the command may see and do. [Command] sets it to
	// SystemPolicy; the zero value allows nothing.
	Policy Policy

	ctx     context.Context
	process *launch.Process
	started time.Time
	pipes   pipes
	private string // a folder of NoNamespaces that was made
	killed  sync.Once
	done    chan struct{}
	result  *Result
	causes  causes
	watch   *watch // nil: nothing is limited

	group    *limits.Group // nil: there is none
	refusals *refusals     // nil: not asked for
	relayed  *relayed      // nil: nothing is relayed
}

// Command returns the command name with arguments, to be run under SystemPolicy.
func Command(name string, arg ...string) *Cmd {
	return &Cmd{Args: append([]string{name}, arg...), Policy: SystemPolicy()}
}

// CommandContext is Command whose sandbox is killed when ctx is done.
func CommandContext(ctx context.Context, name string, arg ...string) *Cmd {
	c := Command(name, arg...)
	c.ctx = ctx
	return c
}

// Signal sends a signal to the command. os.ErrProcessDone after its end.
func (c *Cmd) Signal(sig unix.Signal) error {
	if c.process == nil {
		return errors.New("sandbox: not started")
	}
	return c.signalled(sig, c.process.Signal(sig))
}

// WatchStops calls f whenever the command is stopped by a signal (Ctrl-Z), until
// the sandbox has ended. It may run beside Wait, at most once.
func (c *Cmd) WatchStops(f func(unix.Signal)) {
	if c.process != nil {
		c.process.WatchStops(f)
	}
}

// Kill kills everything in the sandbox. Wait returns when it is gone.
func (c *Cmd) Kill() {
	if c.process != nil {
		c.causes.claim(EndedByKill)
		c.killed.Do(c.kill)
		c.relayed.hasten()
	}
}

// Pid is the process id of outer, the process outside whose end is the sandbox's.
func (c *Cmd) Pid() int { return c.process.Pid() }

// String is the command, for messages.
func (c *Cmd) String() string { return fmt.Sprintf("%q", c.Args) }

// SignalGroup sends a signal to the command's process group, as a terminal does.
func (c *Cmd) SignalGroup(sig unix.Signal) error {
	if c.process == nil {
		return errors.New("sandbox: not started")
	}
	return c.signalled(sig, c.process.SignalGroup(sig))
}

// signalled has a signal that comes when the command has ended already end what Wait waits for.
func (c *Cmd) signalled(sig unix.Signal, err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		switch sig {
		case unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGHUP:
			c.relayed.hasten()
		}
	}
	return err
}
