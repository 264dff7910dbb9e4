package seccomp

// Action is what happens to a call. The zero value kills the process.
type Action struct {
	Kind Kind
	Data uint16 // of Errno: the errno; of Trap and Trace: a number for who handles it
}

// Kind is the kind of an action, seccomp(2).
type Kind uint8

// The kinds of actions.
const (
	KillProcess Kind = iota
	KillThread
	Trap   // SIGSYS
	Errno  // the call fails
	Notify // whoever holds the listener answers
	Trace  // a tracer decides; without one ENOSYS
	Log    // allowed, and logged
	Allow
)
