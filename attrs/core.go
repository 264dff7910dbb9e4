package attrs

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// NoCore appends: no core dump is made of a process that crashes. The limit is one
// byte, not zero: a program that the kernel pipes dumps to is run in spite of zero, but
// one byte is what the kernel takes for a crash of that program itself, and refuses;
// core(5), fs/coredump.c. A limit that is zero for good stays what it is.
//
// Warning: it is a default and no wall: the command may lower the limit to zero.
func NoCore(p *launch.Program) {
	p.Doing("switch core dumps off")
	p.Call(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE, launch.Words("1 byte", 1, 1), 0).On(unix.EPERM, nil)
}
