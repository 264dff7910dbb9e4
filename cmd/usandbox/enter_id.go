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
func openByID(kind userns.Kind, text string) (int, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil || id == 0 {
		return -1, fmt.Errorf("%q is no namespace's id", text)
	}
	if _, err := namespaceID("/proc/self/ns/" + kind.String()); err != nil {
		return -1, hinted{errors.New("this kernel's namespaces have no ids; that needs Linux 6.18"), "name a file, as /proc/PID/ns/net"}
	}
	const fileidNSFS = 0xf1
	handle := binary.NativeEndian.AppendUint64(nil, id)
	handle = append(handle, make([]byte, 8)...) // of any kind, with any inode number
	fd, err := unix.OpenByHandleAt(unix.FD_NSFS_ROOT, unix.NewFileHandle(fileidNSFS, handle), unix.O_RDONLY)
	if err == nil {
		return fd, nil
	}
	names, _ := filepath.Glob("/proc/[0-9]*/ns/" + kind.String())
	for _, name := range names {
		if got, err := namespaceID(name); err != nil || got != id {
			continue
		}
		if fd, err := unix.Open(name, unix.O_RDONLY, 0); err == nil {
			if got, err := idOf(fd); err == nil && got == id {
				return fd, nil
			}
			unix.Close(fd)
		}
	}
	return -1, fmt.Errorf("no %v namespace has the id %d, or you may not see it", kind, id)
}

// namespaceID is the unique number of the namespace that a file stands for.
func namespaceID(name string) (uint64, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	return idOf(fd)
}

func idOf(fd int) (id uint64, err error) {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.NS_GET_ID, uintptr(unsafe.Pointer(&id)))
	if errno != 0 {
		return 0, errno
	}
	return id, nil
}
