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
		p.restoreSignals()
	}

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
