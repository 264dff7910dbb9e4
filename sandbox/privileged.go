package sandbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// CheckUnprivileged fails if the calling program's file carries a set-user-id or
// set-group-id bit or a capability. Programs that use this package need none,
// and with one whoever starts them would lend it to what they start.
func CheckUnprivileged() error {
	const self = "/proc/self/exe"
	var st unix.Stat_t
	if err := unix.Stat(self, &st); err == nil && st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
		return privileged("a set-user-id or set-group-id bit", "chmod u-s,g-s")
	}
	if n, err := unix.Getxattr(self, "security.capability", nil); err == nil && n > 0 {
		return privileged("a file capability", "setcap -r")
	}
	if unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid() {
		return errors.New("the real and the effective user or group id differ: a privileged program started it")
	}
	return nil
}

func privileged(what, fix string) error {
	name, err := os.Executable()
	if err != nil {
		name = "FILE"
	}
	return &PrivilegedError{What: what, Fix: fix + " " + name}
}

// PrivilegedError says that the program's file carries a privilege.
type PrivilegedError struct {
	What, Fix string
}

func (e *PrivilegedError) Error() string {
	return "refuse to run: the program's file carries " + e.What
}
