package landlock

import "github.com/usandbox/usandbox/launch"

// Policy is what a domain allows. In its zero value nothing is restricted: a list that is
// nil is about something that is not handled. A list that is empty and not nil allows
// nothing of its kind.
type Policy struct {
	// Files are the places where something may be done with files. Nil: files are not
	// restricted. Not nil: every right of [Rights] is refused elsewhere, and so is every
	// change of mounts, mount(2), pivot_root(2) and their kin, everywhere.
	Files []Path

	// Open are file descriptors of the process. What they are open for may be opened
	// anew, by /proc/self/fd/N: for reading, for writing or both; a folder, unless
	// it is a standard stream, with all that is below. It has no effect if Files is nil. Those that are closed, and those
	// without a path, like pipes, need no rule.
	Open []int

	// Stepwise says that names are opened folder by folder, without openat2(2), which a system
	// call filter outside may refuse.
	Stepwise bool

	// Bind and Connect are the TCP ports that may be bound to, 0 for one that the kernel
	// chooses, and connected to. Nil: not restricted. ABI 4.
	Bind, Connect []uint16

	// Scopes is what does not reach out of the domain. ABI 6.
	Scopes Scope

	// Log are exceptions from what the audit log tells of refusals. ABI 7. No older kernel
	// logs any.
	Log Log
}

// Path is a place where something may be done.
type Path struct {
	Name   string      // absolute; nothing in it may be a symlink
	FD     *launch.Var // where it is open already: Name is for messages. It may hold -1, for what is not there
	Rights Rights      // there and below; for a file only some of [OfFile]
}

// Scope is a set of the ways out of a domain that are shut, LANDLOCK_SCOPE_*.
type Scope uint64

const (
	AbstractUnixSocket Scope = 1 << iota // connecting to an abstract unix socket that was made outside
	Signal                               // sending a signal to a process outside
)

// Log is a set of flags of landlock_restrict_self(2), LANDLOCK_RESTRICT_SELF_LOG_*.
type Log uint32

const (
	SameExecOff   Log = 1 << iota // nothing of what the program that makes the domain is refused before it executes another
	NewExecOn                     // also what programs are refused that are executed later
	SubdomainsOff                 // nothing of domains that are made in this one
)
