package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/sandbox"
)

func runCommand(args []string) int {
	f := newRunFlags("run")
	f.nameFlags()
	f.whyFlag()
	f.deadlines.declare(f.set)
	f.pty.add(f.set)
	f.set.BoolVar(&f.review, "review", false, "like --cow; in the end show what was changed, and ask what to do with it")
	f.record.declare(f.set)
	return f.record.end(f.run(args))
}

// run does what args say, and returns the exit code.
func (f *runFlags) run(args []string) int {
	c, code, ok := f.prepare(args)
	if !ok {
		return code
	}
	c.ReportRefused = f.why
	if err := f.setTerminal(c); err != nil {
		return fail(err)
	}
	f.record.begin(c)
	c.ReportRefused = f.why
	if f.name != "" || f.detach {
		return runNamed(f, c)
	}
	run, code := start(f, c)
	if run == nil {
		return code
	}
	return run.wait()
}

// running is a sandbox that runs, and the folder that is watched meanwhile.
type running struct {
	c     *sandbox.Cmd
	watch *sandbox.Planted
	ask   bool // what to do with the changes

	filter  string   // the first one of --seccomp
	console *console // nil: the command has no terminal of its own
	record  *record
}

// start starts the sandbox, or executes it in usandbox's place. Nil: it could not be,
// which has been said.
func start(f *runFlags, c *sandbox.Cmd) (*running, int) {
	if f.createSource {
		if err := makeSources(c); err != nil {
			return nil, fail(err)
		}
	}
	if f.verbose {
		if code := verbose(c); code != 0 {
			return nil, code
		}
	}
	if line := asRoot(c.Policy); line != "" && !again {
		fmt.Fprintln(os.Stderr, "usandbox:", line)
	}
	tellLosses(&c.Policy)
	if !again {
		tellOverlays(&c.Policy)
	}
	f.limits.setDefault(&c.Policy)
	if f.network.net == "host" && c.Policy.NoNamespaces == nil && c.Policy.ReachesAbstractSockets() && !again {
		fmt.Fprintln(os.Stderr, "usandbox: --net host: the command can connect to abstract unix sockets of your programs, from which only Landlock (ABI 6) keeps it")
	}
	var watch *sandbox.Planted
	if again && c.Changes != nil {
		cow.Abandon()
	}
	if dir := writableHere(c.Policy); dir != "" {
		watch = sandbox.Watch(dir)
	}
	if !again && !f.verbose && !f.review && f.consumed == "" {
		// No error counts: what is wrong is found again, with words for it.
		c.Exec(sandbox.Takeover{Forward: toForward(), Watch: watch})
	}
	if err := f.prepareRelay(c); err != nil {
		var h hinted
		errors.As(err, &h)
		return nil, fail(err, h.hint)
	}
	signals := make(chan os.Signal, 64)
	c.Forked = func() {
		catchSignals(signals)
		f.record.forked()
	}
	if err := c.Start(); err != nil {
		f.record.notStarted(err)
		return nil, failStart(c, err)
	}
	if f.console != nil {
		f.console.count(c)
		f.console.begin(func(sig unix.Signal, group bool) { signalCommand(c, sig, group) })
	}
	tellNotLimited(c)
	go forwardSignals(c, f.console, signals)
	wakeAt(c.Timeout)
	time.AfterFunc(restAfter, rest)
	r := &running{c: c, watch: watch, ask: f.review, console: f.console, record: &f.record}
	if len(f.filters) > 0 {
		r.filter = f.filters[0].name
	}
	return r, 0
}

// wait waits for the sandbox's end, tells what is new in the watched folder, and
// returns the exit code.
func (r *running) wait() int {
	err := r.c.Wait()
	if r.console != nil {
		r.console.end()
	}
	r.tellLimit()
	r.tellKilled()
	r.tellLimits()
	r.tellRefused()
	r.tellNetwork()
	if r.c.Changes != nil && !r.ask && r.c.Changes.Changed() {
		fmt.Fprintln(os.Stderr, "usandbox:", r.c.Changes.Kept())
	}
	if r.watch != nil {
		reportPlanted(r.watch)
	}
	var exit *sandbox.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fail(err)
	}
	code := r.c.Result().ExitCode()
	if r.ask {
		r.record.write(code) // it may end here
		signal.Reset()       // Ctrl-C is for the question now
		if asked := review(r.c.Changes.Folder()); code == 0 {
			code = asked
		}
	}
	return code
}

// prepare parses args and makes the command. Not ok: the exit code is final.
func (f *runFlags) prepare(args []string) (c *sandbox.Cmd, code int, ok bool) {
	rest, err := f.parse(args)
	if err == nil {
		err = f.openRecord(rest)
	}
	if err == nil {
		c, err = f.command(rest)
	}
	if err == nil {
		err = f.setDeadlines(c)
	}
	if err == nil {
		noteGit(c.Policy)
		return c, 0, true
	}
	if errors.Is(err, errHelp) {
		return nil, 0, false
	}
	var h hinted
	errors.As(err, &h)
	var wide *sandbox.TooWideError
	if errors.As(err, &wide) {
		h.hint = "go to the folder of one project, or add --no-cwd (and --rw DIR for what may be written)"
	}
	var link *sandbox.SymlinkError
	if errors.As(err, &link) {
		h.hint = "make it a folder or file of its own, or use --no-cwd --rw . --chdir $PWD, which protects nothing"
	}
	return nil, fail(err, h.hint), false
}

// failStart says why the command does not run; the exit code tells whether it was
// the sandbox or the command.
func failStart(c *sandbox.Cmd, err error) int {
	var step *launch.StepError
	if !errors.As(err, &step) || !step.Exec {
		return fail(err)
	}
	name := c.Args[0]
	switch {
	case step.Errno == unix.ENOENT:
		fail(fmt.Errorf("%s: command not found in the sandbox", name), c.HintNotFound())
		return exitNotFound
	case step.Errno == unix.ENOTDIR:
		fail(fmt.Errorf("%s: command not found in the sandbox", name))
		return exitNotFound
	case step.Errno == unix.ENOEXEC:
		fail(fmt.Errorf("%s: not a program, and no #! line says what runs it", name), "usandbox run -- sh "+name)
	case step.Errno == unix.EACCES:
		fail(fmt.Errorf("%s: found, but it is not executable", name), c.HintDenied())
	default:
		fail(fmt.Errorf("execute %s: %w", name, step.Errno))
	}
	return exitNotExecutable
}

// reportPlanted tells, loudly, what is new that a program on the host acts on.
func reportPlanted(watch *sandbox.Planted) {
	for _, name := range watch.Changes() {
		fmt.Fprintf(os.Stderr, "usandbox: WARNING: the command made or changed %s; look at it before a program outside acts on it\n", printable(name))
	}
}
