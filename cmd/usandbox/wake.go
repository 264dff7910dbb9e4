package main

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
)

// wakeAt has the kernel continue this process when the time is up: it may be stopped then, by
// Ctrl-Z, and has to end the command. timer_create(2); nothing else depends on it, so errors are passed over.
func wakeAt(d time.Duration) {
	if d <= 0 {
		return
	}
	event := struct {
		value        uintptr
		signal, kind int32
		rest         [48]byte
	}{signal: int32(unix.SIGCONT)} // SIGEV_SIGNAL is 0: to the process
	var id int32
	if _, _, errno := unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&id))); errno != 0 {
		return
	}
	const again = 100 * time.Millisecond // a shell may have stopped it just then
	spec := struct{ interval, value unix.Timespec }{value: unix.NsecToTimespec(int64(d + again))}
	unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(id), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
}

// staysAwake reports whether usandbox goes on when the command is stopped: where there are limits
// to keep, and no terminal at which somebody could continue it.
func staysAwake(c *sandbox.Cmd) bool {
	if c.Deadlines == (sandbox.Deadlines{}) {
		return false
	}
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return true
	}
	unix.Close(fd)
	return false
}
