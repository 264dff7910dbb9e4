package sandbox

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/limits"
	"github.com/usandbox/usandbox/userns"
)

// Result is how a command ended and what it used.
type Result struct {
	Status unix.WaitStatus // the command's own
	Wall   time.Duration   // from Start to the end of the sandbox
	User   time.Duration   // processor time of everything in the sandbox that was waited for
	System time.Duration
	MaxRSS int64  // largest resident set of one process, in bytes; without Account, that of the caller if it was larger
	Ending Ending // why the command ended

	// Account is what the command used, and Namespaces are those that it was executed in.
	// Nil, and zeros: Cmd.Account was not set.
	Account    *launch.Account
	Namespaces userns.IDs

	// Usage is what the sandbox's cgroup tells; nil: it had none, see Policy.Limits.
	Usage *limits.Usage
}

// ExitCode is the command's exit code, or 128 and its number if a signal ended it; 124 if
// a limit of time or output did.
func (r *Result) ExitCode() int {
	if r.Ending.Limited() {
		return exitLimit
	}
	if r.Status.Signaled() {
		return 128 + int(r.Status.Signal())
	}
	return r.Status.ExitStatus()
}

// ExitError is an end of a command other than exit code 0.
type ExitError struct {
	Result
	Stderr []byte // the start of the standard error, if Output collected it
}

func (e *ExitError) Error() string {
	if e.Ending.Limited() {
		return "ended by its limit: " + string(e.Ending)
	}
	if e.Status.Signaled() {
		return "signal: " + e.Status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", e.Status.ExitStatus())
}

// limited keeps the first bytes that are written to it.
type limited struct {
	buf  *bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	keep := b[:min(len(b), l.left)]
	l.left -= len(keep)
	l.buf.Write(keep)
	return len(b), nil
}
