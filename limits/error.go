package limits

import "strings"

// Error says why a limit cannot be had. Nothing is left of what was made.
type Error struct {
	Flags []string // that ask for it, as "--memory"; empty: what is asked for by default, or --cgroup alone
	Err   error
	Hint  string // what a person can do about it; it may be empty
}

func (e *Error) Error() string {
	if len(e.Flags) == 0 {
		return "make a cgroup for the sandbox: " + e.Err.Error()
	}
	return "make a cgroup for " + strings.Join(e.Flags, ", ") + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// hinted is an error inside of the package that carries a hint.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }
