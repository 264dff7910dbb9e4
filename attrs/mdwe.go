package attrs

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// DenyWriteExec appends: memory that is not executable when it is mapped never becomes
// so, and none is writable and executable at once, PR_SET_MDWE(2const). It cannot be
// undone. Compilers that write machine code to memory (JIT) do not run. Linux 6.3;
// EINVAL before.
func DenyWriteExec(p *launch.Program) {
	p.Doing("deny memory that becomes executable")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
}
