package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/userns"
)

// openByID opens a namespace by its unique number, NS_GET_ID. From Linux 6.19 on that
// makes a file handle of nsfs; before, from Linux 6.18 on, a process has to be found
// that is in it.
func openByID(kind userns.Kind, text string) (*userns.Handle, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || id == 0 {
		return nil, fmt.Errorf("%q is no namespace's id", text)
	}
	own, err := userns.OpenOf(0, kind)
	if err != nil {
		return nil, err
	}
	defer own.Close()
	if _, err := namespaceID(own); err != nil {
		return nil, hinted{errors.New("this kernel's namespaces have no ids; that needs Linux 6.18"), "name a file, as /proc/PID/ns/net"}
	}
	const fileidNSFS = 0xf1
	handle := binary.NativeEndian.AppendUint64(nil, id)
	handle = append(handle, make([]byte, 8)...) // of any kind, with any inode number
	fd, err := unix.OpenByHandleAt(unix.FD_NSFS_ROOT, unix.NewFileHandle(fileidNSFS, handle), unix.O_RDONLY|unix.O_CLOEXEC)
	if err == nil {
		return userns.NewHandle(fd)
	}
	names, _ := filepath.Glob("/proc/[0-9]*/ns/" + kind.String())
	for _, name := range names {
		ns, err := userns.Open(name)
		if err != nil {
			continue
		}
		if got, err := namespaceID(ns); err == nil && got == id {
			return ns, nil
		}
		ns.Close()
	}
	return nil, fmt.Errorf("no %v namespace has the id %d, or you may not see it", kind, id)
}

// namespaceID is the unique number of a namespace, ioctl_nsfs(2).
func namespaceID(ns *userns.Handle) (id uint64, err error) {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(ns.Fd()), unix.NS_GET_ID, uintptr(unsafe.Pointer(&id)))
	if errno != 0 {
		return 0, errno
	}
	return id, nil
}
