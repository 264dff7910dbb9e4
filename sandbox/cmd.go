package sandbox

import (
	"bytes"
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
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
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

	refusals *refusals // nil: not asked for
	relayed  *relayed  // nil: nothing is relayed
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

// Plan compiles the command without running anything. It needs no privilege.
// The errors are those of the first part of [Cmd.Start]: *[PolicyError] and
// *[mounts.Error].
func (c *Cmd) Plan() (*launch.Program, error) {
	p := launch.New(3 + len(c.ExtraFiles))
	if err := c.checkTerminal(); err != nil {
		return nil, err
	}
	if c.Hold {
		return p, compile(p, &c.Policy, execution{enterable: true, hold: true, gated: c.Forked != nil, changes: c.Changes})
	}
	if len(c.Args) == 0 || c.Args[0] == "" {
		return nil, errors.New("no command")
	}
	env := c.environ()
	return p, compile(p, &c.Policy, execution{
		name:      c.Args[0],
		paths:     candidates(c.Args[0], env),
		dir:       c.dir(),
		argv:      launch.Strings(c.Args),
		env:       launch.Secret("environment", env),
		gated:     c.Forked != nil,
		null:      c.nullStreams(),
		terminal:  c.Terminal,
		streams:   c.terminalStreams(),
		enterable: c.Enterable,
		asks:      c.ReportRefused,
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
	return c.nilStreams()
}

func (c *Cmd) dir() string {
	if c.Dir != "" {
		return c.Dir
	}
	return c.Policy.Dir
}

// Start starts the command and returns when it runs, or with the reason why it
// does not: a *[launch.StepError] if a step of the set-up failed (its Exec field
// tells whether it was the command itself that could not be executed), else an
// error of Plan. Nothing is left of a sandbox that failed.
func (c *Cmd) Start() (err error) {
	if c.process != nil {
		return errors.New("sandbox: already started")
	}
	defer func() {
		if c.process == nil {
			c.pipes.close()
		}
	}()
	if c.ctx != nil && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if err := c.checkDelegated(); err != nil {
		return err
	}
	if err := c.takeCaches(); err != nil {
		return err
	}
	defer func() {
		if c.process == nil {
			c.releaseCaches()
		}
	}()
	program, err := c.Plan()
	if err != nil {
		return err
	}
	image, err := program.Image()
	if err != nil {
		return err
	}
	files, err := c.pipes.open(c)
	if err != nil {
		return err
	}
	if c.Changes != nil {
		if err := c.Changes.Make(); err != nil {
			return err
		}
		defer func() {
			if c.process == nil {
				c.Changes.Remove()
			}
		}()
	}
	defer func() {
		if c.process == nil {
			err = errors.Join(err, c.removePrivate())
		}
	}()
	defer func() {
		if c.process == nil {
			c.relayed.end()
			c.relayed = nil
		}
	}()
	attr := &launch.Attr{Files: files, Prepare: c.installMaps, Terminal: c.prepareTerminal, Sockets: c.startRelay}
	var noPrivate error
	if c.Forked == nil {
		noPrivate = c.makePrivate()
	} else { // not before the caller is ready for signals, by which the folder would be left
		attr.Forked = func() {
			c.Forked()
			noPrivate = c.makePrivate()
		}
	}
	if noPrivate != nil {
		return noPrivate
	}
	c.started = time.Now()
	if c.Terminal != nil {
		attr.Outside = c.Terminal.Outside
	}
	process, err := image.Start(attr)
	switch {
	case noPrivate != nil:
		if err == nil {
			process.Kill()
			process.Wait()
		}
		return noPrivate
	case err != nil:
		return c.Policy.explain(err)
	}
	c.process = process
	if err := c.reportRefused(); err != nil {
		process.Kill()
		process.Wait()
		c.process = nil
		return err
	}
	c.useCaches()
	c.pipes.run()
	c.done = make(chan struct{})
	if c.ctx != nil {
		go func() {
			select {
			case <-c.ctx.Done():
				c.Kill()
			case <-c.done:
			}
		}()
	}
	return nil
}

// checkDelegated refuses ranges of ids that are not the caller's to give.
func (c *Cmd) checkDelegated() error {
	if err := c.Policy.check(); err != nil || os.Geteuid() == 0 {
		return err
	}
	for _, x := range []struct {
		field string
		kind  idmap.Kind
		m     idmap.Map
		own   int
	}{
		{"UIDMap", idmap.UID, c.Policy.UIDMap, os.Geteuid()},
		{"GIDMap", idmap.GID, c.Policy.GIDMap, os.Getegid()},
	} {
		if len(x.m) == 0 {
			continue
		}
		sub, err := Delegated(x.kind)
		if err == nil {
			err = x.m.CheckDelegated(x.kind, uint32(x.own), sub)
		}
		if err != nil {
			return &PolicyError{x.field, err}
		}
	}
	return nil
}

// installMaps gives outer, whose process id is pid, its ranges of ids.
func (c *Cmd) installMaps(pid int) error {
	install := idmap.Install
	if os.Geteuid() == 0 {
		install = idmap.WriteFor
	}
	for _, x := range []struct {
		field string
		kind  idmap.Kind
		m     idmap.Map
	}{{"UIDMap", idmap.UID, c.Policy.UIDMap}, {"GIDMap", idmap.GID, c.Policy.GIDMap}} {
		if len(x.m) > 0 {
			if err := install(x.kind, pid, x.m); err != nil {
				return &PolicyError{x.field, err}
			}
		}
	}
	return nil
}

// Wait waits until the command has ended, everything else in the sandbox is gone
// and its output is copied. An exit code that is not 0, and an end by a signal,
// give an *[ExitError].
func (c *Cmd) Wait() error {
	if c.process == nil {
		return errors.New("sandbox: not started")
	}
	if c.result != nil {
		return errors.New("sandbox: Wait was called before")
	}
	state, err := c.process.Wait()
	c.refusals.end()
	c.relayed.end()
	close(c.done)
	c.result = &Result{
		Status: state.Status, Wall: time.Since(c.started),
		User: state.User, System: state.System, MaxRSS: state.MaxRSS,
	}
	c.releaseCaches()
	if c.Changes != nil {
		err = errors.Join(err, c.Changes.Ended(state.Status))
	}
	copyErr := errors.Join(c.pipes.wait(), c.removePrivate())
	switch {
	case err != nil:
		return err
	case c.ctx != nil && c.ctx.Err() != nil && state.Status.Signaled():
		return c.ctx.Err()
	case state.Status.Signaled() || state.Status.ExitStatus() != 0:
		return &ExitError{Result: *c.result}
	}
	return copyErr
}

// Run starts the command and waits for it.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the command and returns its standard output. If Stderr is nil, the
// end of the standard error is in the [ExitError].
func (c *Cmd) Output() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("sandbox: Stdout already set")
	}
	var out, errOut bytes.Buffer
	c.Stdout = &out
	capture := c.Stderr == nil
	if capture {
		c.Stderr = &limited{buf: &errOut, left: 64 << 10}
	}
	err := c.Run()
	var exit *ExitError
	if capture && errors.As(err, &exit) {
		exit.Stderr = errOut.Bytes()
	}
	return out.Bytes(), err
}

// CombinedOutput runs the command and returns its standard output and error.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	if c.Stdout != nil || c.Stderr != nil {
		return nil, errors.New("sandbox: Stdout or Stderr already set")
	}
	var out bytes.Buffer
	c.Stdout = &out
	c.Stderr = &out
	err := c.Run()
	return out.Bytes(), err
}

// Signal sends a signal to the command. os.ErrProcessDone after its end.
func (c *Cmd) Signal(sig unix.Signal) error {
	if c.process == nil {
		return errors.New("sandbox: not started")
	}
	return c.process.Signal(sig)
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
		c.killed.Do(c.process.Kill)
	}
}

// Pid is the process id of outer, the process outside whose end is the sandbox's.
func (c *Cmd) Pid() int { return c.process.Pid() }

// Result is how the command ended; nil before Wait has returned.
func (c *Cmd) Result() *Result { return c.result }

// String is the command, for messages.
func (c *Cmd) String() string { return fmt.Sprintf("%q", c.Args) }

// SignalGroup sends a signal to the command's process group, as a terminal does.
func (c *Cmd) SignalGroup(sig unix.Signal) error {
	if c.process == nil {
		return errors.New("sandbox: not started")
	}
	return c.process.SignalGroup(sig)
}
