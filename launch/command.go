package launch

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// BeginCommand appends what the command's process does first: a process group
// of its own in init's session, in the foreground of its terminal, if there is one.
func (p *Program) BeginCommand() {
	p.Doing("make a process group of its own")
	p.Call(unix.SYS_SETPGID, 0, 0)
	if streams := p.own.terminal.streams; streams != nil {
		Foreground(p, streams[0])
	}
}

// Umask says that the command, and whatever enters the sandbox later, begins with a
// file mode creation mask of its own, umask(2). It is to be called before Exec and Serve.
func (p *Program) Umask(mask uint32) { p.umask = &mask }

// restoreForCommand is restoreSignals, but for a umask of the command's own.
func (p *Program) restoreForCommand() {
	p.restoreSignals()
	if p.umask != nil {
		p.Call(unix.SYS_UMASK, *p.umask)
	}
}

// BeforeExec says what appends the steps right before the execve of the command, and of
// each program that enters: filters that bind these alone. Nothing of the program's own
// runs after them but that call and what tells of its failure. If such a step fails, it
// goes on at failed, unless that is nil.
func (p *Program) BeforeExec(f func(failed *Label)) { p.beforeExec = f }

// BeforeThat says what appends steps before those of BeforeExec.
func (p *Program) BeforeThat(f func(failed *Label)) {
	then := p.beforeExec
	p.beforeExec = func(failed *Label) {
		f(failed)
		if then != nil {
			then(failed)
		}
	}
}

// confine appends those steps.
func (p *Program) confine(failed *Label) {
	if p.beforeExec != nil {
		p.beforeExec(failed)
	}
}

// Exec appends: execute the command, with the caller's signal state and umask if
// Begin has changed them.
//
// The first of paths that can be executed is. One that does not exist or may not be
// executed passes the turn to the next. If all do, the error is EACCES if one of
// them was found, else ENOENT, as execvp(3) has it. Name is what the error calls the
// command; argv and env are the addresses of arrays as [Strings] makes them.
func (p *Program) Exec(name string, paths []string, argv, env Arg) {
	if p.own.umask != nil {
		p.Doing("restore the caller's signal state")
		p.restoreForCommand()
	}
	p.confine(nil)

	// Two chains: the second is for those who have seen EACCES.
	p.Doing("execute " + name)
	first := len(p.steps)
	p.willExit(ExitNotExecutable)
	denied := make([]*Label, len(paths)+1)
	for i := range denied {
		denied[i] = p.Label("denied_" + strconv.Itoa(i))
	}
	for i, path := range paths {
		p.Call(unix.SYS_EXECVE, path, argv, env).On(unix.ENOENT, nil).On(unix.ENOTDIR, nil).On(unix.EACCES, denied[i+1])
	}
	p.willExit(ExitNotFound)
	p.Fail(unix.ENOENT)
	for i, path := range paths {
		p.Here(denied[i])
		if i > 0 {
			p.Call(unix.SYS_EXECVE, path, argv, env).On(unix.ENOENT, nil).On(unix.ENOTDIR, nil).On(unix.EACCES, nil)
		}
	}
	p.Here(denied[len(paths)])
	p.Fail(unix.EACCES)
	for _, s := range p.steps[first:] {
		s.exec = true
	}
}
