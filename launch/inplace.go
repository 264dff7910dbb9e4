package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// NewInPlace returns an empty program whose image is executed in the calling
// process's own place (see [Image.Exec]): outer is the process that the caller's
// parent knows. It has the file descriptors 0 to fds-1, which are the command's,
// and again, a program. If the sandbox cannot be set up, that program is executed
// with the arguments "usandbox", "again" and the image's own behind them: it may
// do the same work with a supervisor, and say what is wrong.
func NewInPlace(fds, again int) *Program {
	p := New(fds)
	p.inPlace, p.again = true, again
	return p
}

// KeepAlone is about a file descriptor that outer keeps, but that is closed before the
// program is executed to go back to.
func (p *Program) KeepAlone(fd int) { p.notAgain = append(p.notAgain, fd) }

// What a failure means, by who fails and when. The word is zero at first.
const (
	phaseAlone = iota // outer, before there is any other process: go back
	phaseSetup        // init or the command, before the command is executed: tell outer
	phaseRuns         // the command runs: there is no way back
)

// forkInitInPlace is ForkInit where nobody hands anything to outer: it stays what
// it was, and init alone is in the new user namespace.
func (p *Program) forkInitInPlace(init *Label, namespaces uint64) {
	o := &p.own
	o.phase, o.initPID = p.Var("phase"), p.Var("init_pid")
	p.Doing("make a socket pair between the sandbox's processes")
	pair := p.Var("report")
	o.reportRead, o.reportWrite = p.Var("report_read"), p.Var("report_write")
	p.Call(unix.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0, pair.Addr())
	p.And(o.reportRead, pair, 0xffffffff)
	p.And(o.reportWrite, pair.At(4), 0xffffffff)
	p.Doing("create the user and PID namespaces")
	p.own.goBack = p.Label("go_back")
	p.Add(o.phase, phaseSetup, 0)
	p.Call(unix.SYS_CLONE, namespaces|uint64(unix.SIGCHLD), 0, 0, 0, 0).To(o.initPID).OnAny(o.goBack)
	p.If(o.initPID, ^uint64(0), 0, init)
	p.commandRuns() // as far as outer is concerned: init decides
	p.Close(o.reportWrite)
}

// commandRuns appends: from here on a failure of this process is no reason to
// start anew.
func (p *Program) commandRuns() {
	if p.inPlace {
		p.Add(p.own.phase, phaseRuns, 0)
	}
}

// ForgetCaller appends, in init: let no file descriptor of the caller's but the
// command's survive an exec, and empty the stack, where the kernel put the caller's
// arguments and environment. The interpreter itself uses none.
func (p *Program) ForgetCaller() {
	p.Doing("close inherited file descriptors")
	p.Call(unix.SYS_CLOSE_RANGE, p.fds, 0xffffffff, unix.CLOSE_RANGE_CLOEXEC)
	p.ForgetArguments()
}

// failAgain appends the handler of failures of a program in place.
func (p *Program) failAgain() {
	o := &p.own
	p.now = &context{process: "failure", doing: "start anew, to say what is wrong"}
	end := p.Label("no_way_back")
	p.onFail = p.Label("failure")
	p.Here(p.onFail)
	p.If(o.phase, ^uint64(0), phaseAlone, o.goBack)
	p.If(o.phase, ^uint64(0), phaseRuns, end)
	p.Call(unix.SYS_SENDTO, o.reportWrite, Words("failed", recordFailed), 8, unix.MSG_NOSIGNAL, 0, 0).OnAny(nil)
	p.Here(end)
	p.Call(unix.SYS_EXIT_GROUP, ExitSetup)

	p.Here(o.goBack)
	alone := p.Label("nothing_is_left")
	p.commandRuns()
	p.If(o.initPID, ^uint64(0), 0, alone)
	p.If(o.initPID, uint64(1<<63), uint64(1<<63), alone) // clone failed
	p.Call(unix.SYS_KILL, o.initPID, uint64(unix.SIGKILL)).OnAny(nil)
	p.Call(unix.SYS_WAIT4, o.initPID, 0, 0, 0).OnAny(nil)
	p.Here(alone)
	for _, fd := range p.notAgain {
		p.Call(unix.SYS_CLOSE, fd).OnAny(nil)
	}
	argv, env := p.OwnArgs([]string{argv0, "again"}, nil, []EnvRule{{Keep: true}})
	p.restoreSignals()
	p.execAgain(argv, env)
	p.Call(unix.SYS_EXIT_GROUP, ExitSetup)
}

// execAgain appends: execute the program to go back to; where that cannot be done,
// say so and go on.
func (p *Program) execAgain(argv, env Arg) {
	const sorry = argv0 + ": the sandbox could not be set up, and " + argv0 + " cannot be executed again to say why\n"
	p.Call(unix.SYS_EXECVEAT, p.again, "", argv, env, unix.AT_EMPTY_PATH).OnAny(nil)
	p.Call(unix.SYS_WRITE, 2, sorry, len(sorry)).OnAny(nil)
}

// restoreSignals appends: give the process the caller's signal state and umask.
func (p *Program) restoreSignals() {
	o := &p.own
	p.Call(unix.SYS_UMASK, o.umask)
	p.Call(unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), o.sigchld.Addr(), 0, setSize)
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, o.sigmask.Addr(), 0, setSize)
}

// Exec executes the image of a program made by [NewInPlace] or [NewStandalone] in
// place of the calling process, with the arguments and environment given; from a
// file in a folder of its own, gone at once, where a memfd cannot be executed. It
// returns only if that fails; then nothing has been changed.
func (img *Image) Exec(argv, env []string) error {
	fd, err := img.memfd()
	if err == nil {
		err = execFD(fd, argv, env)
	}
	if !refused(err) {
		return err
	}
	second := img.asFile(func(name string) error {
		fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: name, Err: err}
		}
		os.RemoveAll(filepath.Dir(name)) // after execve nobody is left to do it
		return execFD(fd, argv, env)
	})
	return fmt.Errorf("a memfd cannot be executed (%w; see vm.memfd_noexec), nor can a file: %w", err, second)
}

// execFD executes the file fd, and closes it if that fails.
func execFD(fd int, argv, env []string) error {
	defer unix.Close(fd)
	if err := syscall.Exec("/proc/self/fd/"+strconv.Itoa(fd), argv, env); err != nil {
		return fmt.Errorf("execute the sandbox: %w", err)
	}
	return nil
}
