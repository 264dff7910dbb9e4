package keyring

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Join appends: the process, and all that it forks and executes from here on, has a
// new session keyring, which is empty and has no name. It counts as one of the 200
// keys that a user may have (/proc/sys/kernel/keys/maxkeys).
//
// Unreachable says that the command cannot make the calls on keys at all, as a system
// call filter denies them. Only then is it no failure that the keyring cannot be had:
// EDQUOT (the user has too many keys), EPERM (a filter of a container outside), ENOSYS
// (the same, or a kernel without keys).
func Join(p *launch.Program, unreachable bool) {
	p.Doing("make a session keyring of its own")
	join := p.Call(unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
	switch {
	case unreachable:
		join.On(unix.EDQUOT, nil).On(unix.EPERM, nil).On(unix.ENOSYS, nil)
	case !present("/proc/keys"):
		join.On(unix.ENOSYS, nil) // there is nothing to be kept from
	}
}

// present reports whether the kernel has keys. What cannot be looked at counts as there.
func present(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
