package bwrap

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// self is how a command can name bubblewrap itself, proc(5). The process that executes the
// command has another program by then, so this one is kept open.
const self = "/proc/self/exe"

// openSelf appends, for a command that is this program: open it, where the caller's files
// are still seen.
func (c *compiler) openSelf() error {
	if c.o.Command[0] != self {
		return nil
	}
	name, err := os.Executable()
	if err != nil {
		return fail("execvp %s: %s", self, strerror(err))
	}
	c.self = c.Var("self")
	c.say("execvp %s", self)
	c.Call(unix.SYS_OPENAT, unix.AT_FDCWD, name, unix.O_PATH|unix.O_CLOEXEC).To(c.self)
	return nil
}

// execSelf appends: execute this program if there is such a file. Under the name bwrap it
// is given that name again: the file may have another.
func (c *compiler) execSelf(args []string) {
	if c.o.Argv0 == nil && c.name == "bwrap" {
		args[0] = c.name
	}
	failed, again := c.Label("no_self"), c.Label("self_again")
	c.Call(unix.SYS_FACCESSAT, unix.AT_FDCWD, self, unix.F_OK).OnAny(failed)
	execute := func() *launch.Step {
		return c.Call(unix.SYS_EXECVEAT, c.self, "", launch.Strings(args), c.env, unix.AT_EMPTY_PATH)
	}
	execute().OnAny(again)
	c.Here(again)
	c.tellFailed()
	execute()
	c.Here(failed)
}
