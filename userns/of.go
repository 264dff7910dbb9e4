package userns

import (
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// IDs are the namespaces of a process, by kind: the inode numbers that
// /proc/PID/ns shows. 0: the kernel has no such kind, or the process is ending and
// has left the namespace. IDs are indexed by [Kind], and can be compared.
type IDs [kinds]uint64

// Shared are the kinds of which two processes have the same namespace.
func (ids IDs) Shared(other IDs) Set {
	var s Set
	for k := range Kind(kinds) {
		if ids[k] != 0 && ids[k] == other[k] {
			s |= SetOf(k)
		}
	}
	return s
}

// Of are the namespaces of a process as /proc numbers it; pid 0 is the calling
// thread, which a goroutine that cares which one that is must hold by
// runtime.LockOSThread.
//
// Errors wrap fs.ErrNotExist when there is no such process, also when it ends
// meanwhile, and fs.ErrPermission when the caller may not look into it
// (PTRACE_MODE_READ, ptrace(2)). A negative pid is fs.ErrInvalid.
//
// See namespaces(7). Linux 3.8; cgroup 4.6, time 5.6.
func Of(pid int) (IDs, error) {
	if pid < 0 {
		return IDs{}, fmt.Errorf("read namespaces of process %d: %w", pid, fs.ErrInvalid)
	}
	dir, err := openat(unix.AT_FDCWD, procPath(pid), unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return IDs{}, fmt.Errorf("read namespaces: %w", &os.PathError{Op: "open", Path: procPath(pid), Err: err})
	}
	defer unix.Close(dir)
	ids, err := readIDs(dir, everyKind)
	if err == unix.ESRCH || err == nil && ids == (IDs{}) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return IDs{}, fmt.Errorf("read namespaces of %s: %w", procPath(pid), err)
	}
	return ids, nil
}

// everyKind is the set of all kinds.
const everyKind = Set(1<<kinds - 1)

// readIDs reads the links in ns below a process's folder: reading one costs the
// kernel half of what following it does. One that is missing stays 0.
func readIDs(dir int, which Set) (IDs, error) {
	var ids IDs
	ns, err := openat(dir, "ns", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return ids, err
	}
	defer unix.Close(ns)
	var text [64]byte
	for k := range Kind(kinds) {
		if !which.Has(k) {
			continue
		}
		n, err := unix.Readlinkat(ns, kindTable[k].name, text[:])
		switch err {
		case nil:
		case unix.ENOENT: // no such kind, or a zombie
			continue
		default:
			return IDs{}, err // EACCES is the same for every kind, ESRCH too
		}
		var ok bool
		if ids[k], ok = inodeIn(text[:n], kindTable[k].name); !ok {
			return IDs{}, unix.EBADMSG
		}
	}
	return ids, nil
}

// inodeIn reads the number in "net:[4026531833]".
func inodeIn(text []byte, kind string) (uint64, bool) {
	n, ends := len(kind), len(text)-1
	if ends < n+2 || string(text[:n]) != kind || text[n] != ':' || text[n+1] != '[' || text[ends] != ']' {
		return 0, false
	}
	var inode uint64
	for _, c := range text[n+2 : ends] {
		if c < '0' || c > '9' || inode > 1<<60 {
			return 0, false
		}
		inode = inode*10 + uint64(c-'0')
	}
	return inode, inode != 0
}
