package relay

import (
	"errors"
	"fmt"
	"net"
)

var (
	errClosed    = errors.New("the sandbox has ended")
	errNoAddress = errors.New("the name has no address")
	errFull      = errors.New("too many connections")
)

// StartError says why a relay does not start.
type StartError struct {
	Err  error
	Hint string // what can be done about it, or ""
}

func (e *StartError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// lookupError is what came of looking up a name.
type lookupError struct {
	name   string
	absent bool // there is no such name, or it has no such address
	err    error
}

func (e *lookupError) Error() string {
	if e.absent {
		return fmt.Sprintf("look up %s: no such name, or it has no address", e.name)
	}
	var d *net.DNSError
	if errors.As(e.err, &d) {
		return fmt.Sprintf("look up %s: %s", e.name, d.Err)
	}
	return fmt.Sprintf("look up %s: %v", e.name, e.err)
}

func (e *lookupError) Unwrap() error { return e.err }
