package landlock

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNone is the error of a kernel without Landlock.
var ErrNone = errors.New("this kernel has no Landlock")

// ABI is the running kernel's, [Newest] for a newer one. Without Landlock it is 0, and the
// error, an [ErrNone], says why. It is asked anew each time, by one system call.
func ABI() (int, error) {
	abi, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch errno {
	case 0:
		return min(int(abi), Newest), nil
	case unix.ENOSYS:
		return 0, fmt.Errorf("%w: it came with Linux 5.13, CONFIG_SECURITY_LANDLOCK", ErrNone)
	case unix.EOPNOTSUPP:
		return 0, fmt.Errorf("%w in use: add landlock to lsm= on the kernel's command line", ErrNone)
	}
	return 0, fmt.Errorf("%w to be had here: %w; a container's system call filter may forbid it", ErrNone, errno)
}
