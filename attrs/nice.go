package attrs

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// The range of nice values.
const (
	MinNice = -20 // the most processor time
	MaxNice = 19
)

// CheckNice refuses a nice value that does not exist, or that the calling process may not
// have: below its own, without CAP_SYS_NICE, it needs RLIMIT_NICE.
func CheckNice(n int) error {
	if n < MinNice || n > MaxNice {
		return fmt.Errorf("%d is not between %d and %d", n, MinNice, MaxNice)
	}
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // 20 minus the value, from 1 to 40
	if err != nil {
		return fmt.Errorf("read the nice value: %w", err)
	}
	own := 20 - raw
	if n >= own || unix.Geteuid() == 0 {
		return nil
	}
	var lim unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NICE, nil, &lim); err == nil && uint64(20-n) <= lim.Cur {
		return nil
	}
	return fmt.Errorf("%d is below your own, %d, which only root may go", n, own)
}

// Nice appends: the process, and what it forks, has this nice value, setpriority(2). EACCES:
// it is lower than the process may have.
func Nice(p *launch.Program, n int) {
	p.Doing(fmt.Sprintf("set the nice value %d", n))
	p.Call(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, n)
}
