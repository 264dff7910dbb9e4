package main

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// program is the list of steps, to be executed in place of this process. From the
// first join (userns.Join) to the command's execve nobody can look into the process; it
// holds no file descriptor of the caller's but the standard streams, and no memory.
func (e *entering) program() (*launch.Program, error) {
	p := launch.NewStandalone(3)
	p.Process("enter")
	e.closeOthers(p)
	p.Doing("name the process")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NAME, "usandbox", 0, 0, 0)
	if e.dropsGroups() {
		e.dropGroups(p) // in there it may be forbidden
	}
	if err := userns.Join(p, e.join); err != nil {
		return nil, err
	}
	e.changeFolders(p)
	if e.cgroup >= 0 {
		p.Doing("join the cgroup (--join-cgroup)")
		p.Call(unix.SYS_WRITE, e.cgroup, "0", 1)
	}
	forks := e.entered.Has(userns.PID) && !e.flags.noFork
	if !forks {
		e.changeIDs(p)
	} else {
		signals, parent := forkInto(p)
		e.changeIDs(p)
		p.Doing("tie the command to its parent")
		tieTo(p, parent, unix.SIGKILL)
		signals.restore(p)
	}
	p.Exec(printable(e.name), e.paths, launch.Strings(e.argv), launch.Secret("environment", e.env))
	return p, nil
}

// closeOthers appends: close every file descriptor but the standard streams and those
// that the program uses, which the command's execve closes.
func (e *entering) closeOthers(p *launch.Program) {
	p.Doing("close inherited file descriptors")
	p.Call(unix.SYS_CLOSE_RANGE, 3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	next := 3
	fds := slices.Clone(e.fds)
	slices.Sort(fds)
	for _, fd := range slices.Compact(fds) {
		if fd > next {
			p.Call(unix.SYS_CLOSE_RANGE, next, fd-1, 0)
		}
		next = fd + 1
	}
	p.Call(unix.SYS_CLOSE_RANGE, next, math.MaxUint32, 0)
}

// changeFolders appends: root and working directory.
func (e *entering) changeFolders(p *launch.Program) {
	if e.root >= 0 {
		p.Doing("change the root (--root)")
		p.Call(unix.SYS_FCHDIR, e.root)
		p.Call(unix.SYS_CHROOT, ".")
		p.Call(unix.SYS_CHDIR, "/") // the working directory would be a way out of the root
	}
	if e.flags.wdns != "" {
		p.Doing("change to the working directory " + printable(e.flags.wdns) + " (--wdns)")
		p.Call(unix.SYS_CHDIR, e.flags.wdns)
	}
	if e.wd >= 0 {
		p.Doing("change to the working directory (--wd)")
		p.Call(unix.SYS_FCHDIR, e.wd)
	}
}

// dropsGroups reports whether the command gets no supplementary groups: if it becomes
// a group that the caller is not.
func (e *entering) dropsGroups() bool { return e.gid != nil }

// dropGroups appends: drop the supplementary groups. Where a user namespace forbids it
// (setgroups: deny) they stay, as in every process in there.
func (e *entering) dropGroups(p *launch.Program) {
	p.Doing("drop the supplementary groups")
	p.Call(unix.SYS_SETGROUPS, 0, 0).On(unix.EPERM, nil)
}

// changeIDs appends: the ids, and the capabilities to keep. Every change of
// credentials may make the process dumpable again.
func (e *entering) changeIDs(p *launch.Program) {
	keep := e.flags.keepCaps && e.entered.Has(userns.User)
	if keep {
		idmap.KeepCapabilities(p)
	}
	if e.dropsGroups() {
		e.dropGroups(p)
	}
	if e.gid != nil {
		p.Doing("become group " + strconv.Itoa(int(*e.gid)) + " (--setgid, --preserve-credentials; is it mapped in there?)")
		p.Call(unix.SYS_SETRESGID, *e.gid, *e.gid, *e.gid)
	}
	if e.uid != nil {
		p.Doing("become user " + strconv.Itoa(int(*e.uid)) + " (--setuid, --preserve-credentials; is it mapped in there?)")
		p.Call(unix.SYS_SETRESUID, *e.uid, *e.uid, *e.uid)
	}
	p.Undumpable()
	if keep {
		caps.Use(p, everyCapability, everyCapability)
		p.Doing("keep the capabilities (--keep-caps)")
		each, again, done := p.Var("cap"), p.Label("raise"), p.Label("raised")
		p.Here(again)
		p.Call(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, each, 0, 0).On(unix.EINVAL, done)
		p.Add(each, each, 1)
		p.Jump(again)
		p.Here(done)
	}
}

// everyCapability is what a process gets that joins a user namespace. The kernel
// ignores the bits that it does not know.
const everyCapability = ^caps.Set(0)

// savedSignals is the caller's signal state.
type savedSignals struct{ mask, sigchld *launch.Var }

// forkInto appends the fork into the PID namespace that was joined: the child goes on
// with the next step. The parent passes on the signals that it gets, stops when the
// child stops, and ends as it ends. A signal of the terminal goes to both, as they are
// in one process group, and is not passed on.
func forkInto(p *launch.Program) (saved *savedSignals, parent *launch.Var) {
	saved, parent = &savedSignals{p.Var("sigmask"), p.Buffer("sigchld", 32)}, ownPidfd(p)
	var set uint64 = 1 << (unix.SIGCHLD - 1)
	for _, f := range toForward() {
		set |= 1 << (f.Signal - 1)
	}
	mask := launch.Struct("forwarded", binary.NativeEndian.AppendUint64(nil, set))
	p.Doing("take signals for the command")
	p.Call(unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), launch.Struct("default", make([]byte, 32)), saved.sigchld.Addr(), setSize)
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, mask, saved.mask.Addr(), setSize)
	child, pid := p.Label("child"), p.Var("pid")
	p.Doing("fork into the PID namespace (--pid; has its PID 1 ended?)")
	p.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid)
	p.If(pid, ^uint64(0), 0, child)

	// A reader of the command's output must see its end.
	p.Doing("wait for the command")
	p.Call(unix.SYS_CLOSE_RANGE, 0, math.MaxUint32, 0)
	const signals = 0
	p.Call(unix.SYS_SIGNALFD4, -1, mask, setSize, unix.SFD_CLOEXEC)
	info, sig, status, reaped, self := p.Buffer("siginfo", 128), p.Var("sig"), p.Var("status"), p.Var("reaped"), p.Var("self")
	again, look, ended, stopped := p.Label("wait"), p.Label("look"), p.Label("ended"), p.Label("stopped")
	// What came before the fork came to the parent alone, from wherever.
	early, poll, pending := p.Label("early"), p.Data("poll", 8, unix.POLLIN<<32), p.Var("pending")
	p.Here(early)
	p.Call(unix.SYS_PPOLL, poll.Addr(), 1, launch.Words("now", 0, 0), 0, setSize).To(pending)
	p.If(pending, ^uint64(0), 0, again)
	p.Call(unix.SYS_READ, signals, info.Addr(), 128)
	p.And(sig, info, math.MaxUint32)
	p.If(sig, ^uint64(0), uint64(unix.SIGCHLD), look)
	p.Call(unix.SYS_KILL, pid, sig).OnAny(nil)
	p.Jump(early)

	const siKernel = 0x80
	p.Here(again)
	p.Call(unix.SYS_READ, signals, info.Addr(), 128)
	p.And(sig, info, math.MaxUint32)
	p.If(sig, ^uint64(0), uint64(unix.SIGCHLD), look)
	p.If(info.At(8), math.MaxUint32, siKernel, again)
	p.Call(unix.SYS_KILL, pid, sig).OnAny(nil)
	p.Jump(again)

	p.Here(look)
	p.Call(unix.SYS_WAIT4, pid, status.Addr(), unix.WNOHANG|unix.WUNTRACED, 0).To(reaped)
	p.If(reaped, ^uint64(0), 0, again)
	p.If(status, 0xff, 0x7f, stopped)
	p.Jump(ended)
	p.Here(stopped)
	p.Call(unix.SYS_GETPID).To(self)
	p.Call(unix.SYS_KILL, self, uint64(unix.SIGSTOP))
	p.Call(unix.SYS_KILL, pid, uint64(unix.SIGCONT)).OnAny(nil)
	p.Jump(look)
	p.Here(ended)
	p.EndAs(status)

	p.Process("command")
	p.Here(child)
	return saved, parent
}

// restore appends: give the command the caller's signal state.
func (s *savedSignals) restore(p *launch.Program) {
	p.Doing("restore the caller's signal state")
	p.Call(unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), s.sigchld.Addr(), 0, setSize)
	p.Call(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, s.mask.Addr(), 0, setSize)
}
