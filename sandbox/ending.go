package sandbox

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Ending is why a command ended.
type Ending string

// What ends a command.
const (
	EndedByExit   Ending = "exit"   // itself
	EndedBySignal Ending = "signal" // a signal, of its own, of another process inside, or passed on from the caller
	EndedByKill   Ending = "killed" // [Cmd.Kill], or the context of [CommandContext]

	EndedByTimeout     Ending = "timeout"      // the timeout
	EndedByCPUTime     Ending = "cpu-time"     // the limit of processor time
	EndedByIdleTimeout Ending = "idle-timeout" // no output for too long
	EndedByOutputLimit Ending = "output-limit" // too much output

	EndedByOOM Ending = "oom" // the kernel, for want of memory
)

// exitLimit is the exit code of a command that was ended by a limit of time or output,
// as timeout(1) has it.
const exitLimit = 124

// Limited reports whether a limit of time or output ended the command.
func (e Ending) Limited() bool {
	switch e {
	case EndedByTimeout, EndedByCPUTime, EndedByIdleTimeout, EndedByOutputLimit:
		return true
	}
	return false
}

// causes notes who ends the command. The first one counts.
type causes struct{ first atomic.Pointer[Ending] }

// claim notes one. False: another came before.
func (c *causes) claim(e Ending) bool { return c.first.CompareAndSwap(nil, &e) }

// of is why a command with this wait status ended.
func (c *causes) of(ws unix.WaitStatus) Ending {
	switch e := c.first.Load(); {
	case e != nil && e.Limited(): // whatever the command made of the signal
		return *e
	case ws.Exited():
		return EndedByExit
	case e != nil && ws.Signal() == unix.SIGKILL:
		return *e
	}
	return EndedBySignal
}
