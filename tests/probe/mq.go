package main

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// messageQueue makes, opens or removes a POSIX message queue, mq_overview(7).
func messageQueue(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: mq create|open|remove NAME")
	}
	name, err := unix.BytePtrFromString(args[1])
	if err != nil {
		return err
	}
	var errno unix.Errno
	switch args[0] {
	case "create":
		_, _, errno = unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), uintptr(os.O_RDWR|os.O_CREATE|os.O_EXCL), 0o600, 0, 0, 0)
	case "open":
		_, _, errno = unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), uintptr(os.O_RDWR), 0, 0, 0, 0)
	case "remove":
		_, _, errno = unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0)
	}
	if errno != 0 {
		return errno
	}
	return nil
}
