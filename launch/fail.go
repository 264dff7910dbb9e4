package launch

import (
	"golang.org/x/sys/unix"
)

// What the interpreter leaves at the start of the data segment when a step fails.
var (
	stackPointer = &Var{name: "stack_pointer", at: dataBase} // at the start: argc, argv and envp lie there
	ownName      = &Var{name: "argv0", at: dataBase + 40}

	failStep  = &Var{name: "failed", at: dataBase + 8} // address of the step's record
	failErrno = &Var{name: "errno", at: dataBase + 16}
	failText  = &Var{name: "words", at: dataBase + 24}
	failLen   = &Var{name: "words_len", at: dataBase + 32}
)

// Exit codes of an image that could not do one of its steps. A supervised one
// always ends with the first.
const (
	ExitSetup         = 125
	ExitNotExecutable = 126 // the command was found, but cannot be executed
	ExitNotFound      = 127
)

// statusFD is where a supervised image writes the failed step and errno. It is
// closed by the command's exec; its end of file says that there was none. It
// lies above the three that outer uses in the end (see Supervise).
func (p *Program) statusFD() int { return max(p.fds, 3) }

// failToStatus appends the handler of failures: tell the caller which step and
// which errno, and end.
func (p *Program) failToStatus() {
	p.now = &context{process: "failure", doing: "report a failure"}
	p.onFail = p.Label("failure")
	p.Here(p.onFail)
	p.Call(unix.SYS_WRITE, p.statusFD(), failStep.Addr(), 16).OnAny(nil)
	p.Call(unix.SYS_EXIT_GROUP, ExitSetup)
}

// StepError says which step of a program failed, in the step's own words.
type StepError struct {
	Step   int    // index of the step
	Doing  string // what was being done: "bind /src on /work read-only"
	Origin string // the flag or profile line that asked for it; may be empty
	Call   string // the system call
	Errno  unix.Errno
	Exec   bool // the sandbox is complete; it is the command that cannot be executed
}

// Error is what was being done and the error: "bind /src on /work: permission denied".
func (e *StepError) Error() string {
	text := e.Doing + ": " + e.Errno.Error()
	if e.Origin != "" {
		text += " (from " + e.Origin + ")"
	}
	return text
}

// Unwrap returns the errno.
func (e *StepError) Unwrap() error { return e.Errno }
