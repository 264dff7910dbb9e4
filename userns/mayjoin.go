package userns

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// ErrNoNamespace is the error for a file that is no namespace.
var ErrNoNamespace = errors.New("this file is no namespace")

// firstUser is the inode number of the first user namespace, in every kernel since
// Linux 3.8.
const firstUser = 0xEFFFFFFD

// OwnerError says why a namespace cannot be joined: of the user namespace that it
// belongs to, or below which it lies.
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
// that owns a namespace (a user namespace: in that one itself), as setns(2) asks for:
// because it has the capability in its own user namespace and the other lies below, or
// because its effective user id made it, or one above, from its own user namespace
// (user_namespaces(7)). fd is a file descriptor of an nsfs file; O_PATH does not
// suffice. It changes nothing.
//
// The error wraps [ErrNoNamespace], is an [*OwnerError], or wraps EINVAL for a PID
// namespace that does not lie below the calling process's. Linux 4.11, ioctl_nsfs(2).
func MayJoin(fd int) error {
	kind, err := KindOfFile(fd)
	if err != nil {
		return err
	}
	if kind == PID {
		if err := belowOwn(fd); err != nil {
			return err
		}
	}
	own, err := unix.Open("/proc/self/ns/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /proc/self/ns/user: %w", err)
	}
	defer unix.Close(own)
	at := -1 // the user namespace that is looked at: from the owner upwards
	if kind == User {
		at, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	} else {
		at, err = unix.IoctlRetInt(fd, unix.NS_GET_USERNS)
	}
	if err == unix.EPERM { // it may not even be seen
		return &OwnerError{Kind: kind}
	}
	if err != nil {
		return fmt.Errorf("find the owner of the %v namespace: %w", kind, err)
	}
	defer func() { unix.Close(at) }()
	below := &OwnerError{Kind: kind, Below: true}
	for first := true; ; first = false {
		if SameNamespace(at, own) {
			switch {
			case HasSysAdmin(), !first && below.UID == uint32(unix.Geteuid()):
				return nil
			case !first:
				return below
			}
			return &OwnerError{Kind: kind, Own: true, First: inode(own) == firstUser}
		}
		uid, err := unix.IoctlGetUint32(at, unix.NS_GET_OWNER_UID)
		if err != nil {
			return fmt.Errorf("find the owner of the %v namespace: %w", kind, err)
		}
		below.UID = uid // in the end: who made the one right below ours
		parent, err := unix.IoctlRetInt(at, unix.NS_GET_PARENT)
		if err != nil { // above ours, or beside it
			return &OwnerError{Kind: kind}
		}
		unix.Close(at)
		at = parent
	}
}

// belowOwn reports whether a PID namespace is the calling process's own or lies below
// it; others cannot be joined.
func belowOwn(fd int) error {
	own, err := unix.Open("/proc/self/ns/pid", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /proc/self/ns/pid: %w", err)
	}
	defer unix.Close(own)
	at, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	for err == nil && !SameNamespace(at, own) {
		var parent int
		parent, err = unix.IoctlRetInt(at, unix.NS_GET_PARENT)
		unix.Close(at)
		at = parent
	}
	if err != nil {
		return fmt.Errorf("the pid namespace does not lie below yours: %w", unix.EINVAL)
	}
	unix.Close(at)
	return nil
}

// KindOfFile is the kind of the namespace that a file descriptor of an nsfs file stands
// for. The error wraps [ErrNoNamespace] if it stands for anything else.
// Linux 4.11, ioctl_nsfs(2).
func KindOfFile(fd int) (Kind, error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return 0, fmt.Errorf("fstatfs: %w", err)
	}
	if fs.Type != unix.NSFS_MAGIC {
		return 0, ErrNoNamespace
	}
	flag, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return 0, fmt.Errorf("find the kind of the namespace: %w", err)
	}
	for k := range Kind(kinds) {
		if k.Flag() == uint64(flag) {
			return k, nil
		}
	}
	return 0, fmt.Errorf("a namespace of an unknown kind, %#x", flag)
}

// SameNamespace reports whether two nsfs files stand for one namespace.
func SameNamespace(a, b int) bool { return inode(a) != math.MaxUint64 && inode(a) == inode(b) }

// inode is the number of an nsfs file; there is one such file system. The largest
// number stands for none.
func inode(fd int) uint64 {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return math.MaxUint64
	}
	return st.Ino
}

// HasSysAdmin reports whether the calling thread has CAP_SYS_ADMIN in its own user
// namespace.
func HasSysAdmin() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}
