package sandbox

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// patience is how long the end of a command that was killed may take before all of the sandbox
// is killed: then it cannot tell any more what was used.
const patience = 2 * time.Second

// keepAccount appends, in outer before anything else: there is to be an account.
func (run *execution) keepAccount(p *launch.Program, id identity) {
	if run.account {
		p.KeepAccount(!id.changes())
	}
}

// openProc appends, while the file tree is the caller's: open its proc, for tellNamespaces.
func (run *execution) openProc(p *launch.Program) *launch.Var {
	if !run.account {
		return nil
	}
	p.Doing("open the caller's proc")
	dir, none := p.Data("proc", 8, ^uint64(0)), p.Label("no_proc")
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).To(dir).OnAny(none)
	p.Here(none)
	return dir
}

// tellNamespaces appends, in a process that is in all of the command's namespaces: tell their
// inode numbers to the supervisor, and close proc. Whoever reads /proc from outside may come
// too late, or may not look.
func tellNamespaces(p *launch.Program, proc *launch.Var) {
	if proc == nil {
		return
	}
	p.Doing("tell the ids of the namespaces")
	var names []string
	for k := range userns.Kind(len(userns.IDs{})) {
		names = append(names, "self/ns/"+k.String())
	}
	p.TellInodes(proc, names)
	p.Call(unix.SYS_CLOSE, proc).OnAny(nil)
}

// takeAccount fills in what the account tells.
func (r *Result) takeAccount(a *launch.Account) {
	if a == nil {
		return
	}
	r.Account = a
	copy(r.Namespaces[:], a.Inodes)
	if a.Whole {
		r.MaxRSS = a.MaxRSS
	}
}

// kill ends everything in the sandbox. Where there is to be an account, the command goes first: then
// its init ends the rest, and can tell. If that does not work at once, it is done without.
func (c *Cmd) kill() {
	all := func() {
		c.process.Kill()
		c.group.Kill()
	}
	if !c.Account {
		all()
		return
	}
	hard := time.AfterFunc(patience, func() {
		select {
		case <-c.done: // it has ended
		default:
			all()
		}
	})
	if c.process.Signal(unix.SIGKILL) != nil && hard.Stop() {
		all()
	}
}
