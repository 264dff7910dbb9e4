package seccomp

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Load appends: from here on the process, and all that it starts, is under the filter.
// It has to have no_new_privs set. seccomp(2), Linux 4.14 for all actions.
func (p Program) Load(to *launch.Program) *launch.Step {
	name := "filter of " + strconv.Itoa(len(p)) + " instructions"
	to.Doing("load the system call filter")
	fprog := launch.Words(name, len(p), launch.Struct("filter", p.Bytes()))
	return to.Call(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, fprog)
}
