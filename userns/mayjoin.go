package userns

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// firstUser is the inode number of the first user namespace, in every kernel since
// Linux 3.8.
const firstUser = 0xEFFFFFFD

// OwnerError says why a namespace cannot be joined: because of the user namespace that
// it belongs to.
type OwnerError struct {
	Kind  Kind
	First bool   // it is the first one, and the calling process is in it
	Own   bool   // it is the one that the calling process is in
	Below bool   // it lies below the one that the calling process is in
	UID   uint32 // if Below: who made it, as seen from the calling process
}

// Error says whose the namespace is.
func (e *OwnerError) Error() string {
	words := fmt.Sprintf("the %v namespace belongs to", e.Kind)
	if e.Kind == User {
		words = "its user namespace is"
	}
	switch {
	case e.First:
		return words + " the first user namespace, where only root may join namespaces"
	case e.Own:
		return words + " your own user namespace, in which you have no CAP_SYS_ADMIN"
	case e.Below:
		return fmt.Sprintf("%s one that another user has made, user id %d", words, e.UID)
	}
	return words + " a user namespace that does not lie below yours"
}

// Unwrap returns EPERM, which setns(2) would give.
func (e *OwnerError) Unwrap() error { return unix.EPERM }

// MayJoin reports whether the calling process has CAP_SYS_ADMIN in the user namespace
// that owns h (for a user namespace: in h itself), as setns(2) asks for: because it has
// the capability in its own user namespace and the other lies below, or because its
// effective user id made it, or one above it, from its own user namespace
// (user_namespaces(7)). It changes nothing.
//
// The error is an [*OwnerError], or wraps EINVAL for a PID namespace that does not lie
// below the calling process's. Linux 4.11.
func MayJoin(h *Handle) error {
	if h.kind == PID {
		if err := belowOwn(h); err != nil {
			return err
		}
	}
	own, err := OpenOf(0, User)
	if err != nil {
		return err
	}
	defer own.Close()
	// From the owner upwards. What cannot be opened does not lie below the own one.
	var at *Handle
	if h.kind == User {
		at, err = h.again()
	} else {
		at, err = h.Owner()
	}
	if err != nil {
		return &OwnerError{Kind: h.kind}
	}
	defer func() { at.Close() }()
	below := &OwnerError{Kind: h.kind}
	for at.inode != own.inode {
		if below.UID, err = at.OwnerUID(); err != nil {
			return err
		}
		below.Below = true
		parent, err := at.Parent()
		if err != nil {
			return &OwnerError{Kind: h.kind}
		}
		at.Close()
		at = parent
	}
	switch {
	case HasSysAdmin(), below.Below && below.UID == uint32(unix.Geteuid()):
		return nil
	case below.Below:
		return below
	}
	return &OwnerError{Kind: h.kind, Own: true, First: own.inode == firstUser}
}

// belowOwn refuses a PID namespace that is neither the calling process's nor below it.
func belowOwn(h *Handle) error {
	own, err := OpenOf(0, PID)
	if err != nil {
		return err
	}
	defer own.Close()
	at, err := h.again()
	for err == nil && at.inode != own.inode {
		var parent *Handle
		parent, err = at.Parent()
		at.Close()
		at = parent
	}
	if err != nil {
		return fmt.Errorf("the pid namespace does not lie below yours: %w", unix.EINVAL)
	}
	return at.Close()
}

// again is a second Handle of the same namespace.
func (h *Handle) again() (*Handle, error) {
	fd, err := unix.FcntlInt(uintptr(h.fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return &Handle{fd: fd, kind: h.kind, inode: h.inode}, nil
}

// HasSysAdmin reports whether the calling thread has CAP_SYS_ADMIN in its own user
// namespace.
func HasSysAdmin() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}
