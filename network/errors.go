package network

import "errors"

var errNotRegular = errors.New("not a regular file")

// RefusedError says that an address is not connected to: because it is one that is
// refused always, or because a rule denies it.
type RefusedError struct {
	Addr   string // with its port
	Reason string // as of Verdict
	Flag   string // what would allow it, or ""
}

func (e *RefusedError) Error() string { return e.Addr + ": " + e.Reason }
