package limits

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// single adopts a process by limits of single processes, getrlimit(2), which all that it
// forks later inherits.
type single struct{ l Limits }

// ownProcesses are those of a sandbox itself, which count where its command's do.
const ownProcesses = 2

func (s *single) adopt(_ *Group, pid int) error {
	set := func(flag string, resource int, n int64) error {
		var now unix.Rlimit
		err := unix.Prlimit(pid, resource, nil, &now)
		if err == nil {
			v := min(uint64(n), now.Max)
			err = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: v, Max: v}, nil)
		}
		if err != nil {
			return &Error{Flags: []string{flag}, Err: fmt.Errorf("limit the process %d, prlimit(2): %w", pid, err)}
		}
		return nil
	}
	if s.l.Memory > 0 {
		if err := set("--memory", unix.RLIMIT_DATA, s.l.Memory); err != nil {
			return err
		}
	}
	if s.l.Pids > 0 {
		return set("--pids", unix.RLIMIT_NPROC, s.l.Pids+ownProcesses)
	}
	return nil
}

func (s *single) release() {}

// lostWithout says what becomes of each limit where there is no cgroup.
func (l *Limits) lostWithout(why error) []string {
	list := []string{"limits are of single processes, as " + why.Error()}
	for _, s := range l.settings() {
		switch s.flag {
		case "--memory":
			list = append(list, "--memory: holds for the data of each process by itself (RLIMIT_DATA), not for the sandbox")
		case "--pids":
			if os.Geteuid() == 0 {
				list = append(list, "--pids: does not hold: root's processes are not counted (RLIMIT_NPROC)")
			} else {
				list = append(list, "--pids: holds for your processes in the sandbox (RLIMIT_NPROC; before Linux 5.14, for all of yours on the machine)")
			}
		default:
			list = append(list, s.flag+": does not hold")
		}
	}
	return list
}
