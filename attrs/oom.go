package attrs

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// The range of oom_score_adj.
const (
	MinOOMScoreAdj = -1000 // never killed
	MaxOOMScoreAdj = 1000  // killed first
)

// OOMScoreAdj appends: when memory is short, the process is killed sooner the higher n
// is, or later. The kernel answers EACCES where n is below the lowest value that
// somebody with CAP_SYS_RESOURCE has set, usually 0. The process must be dumpable, and
// there has to be a proc on /proc.
func OOMScoreAdj(p *launch.Program, n int) {
	p.Doing(fmt.Sprintf("set oom_score_adj to %d", n))
	text, fd := strconv.Itoa(n), p.Var("file")
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/proc/self/oom_score_adj", unix.O_WRONLY|unix.O_CLOEXEC).To(fd)
	p.Call(unix.SYS_WRITE, fd, text, len(text))
	p.Close(fd)
}
