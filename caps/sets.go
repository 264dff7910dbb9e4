package caps

import (
	"fmt"
	"os"
)

// Sets are the capability sets of a thread; see capabilities(7), "Thread
// capability sets".
type Sets struct {
	Inheritable Set // CapInh
	Permitted   Set // CapPrm
	Effective   Set // CapEff
	Bounding    Set // CapBnd
	Ambient     Set // CapAmb
}

// Of returns the sets of the process pid, as /proc numbers it, from
// /proc/PID/status; these are the sets of its first thread. pid 0 is the calling
// thread, as for capget(2): a goroutine that cares which one that is must hold it
// by runtime.LockOSThread.
//
// It does not use capget, which has only three of the sets: two reads could be of
// two different moments or, for the caller, of two different threads.
//
// Errors wrap that of the file: fs.ErrNotExist when there is no such process or no
// /proc, unix.ESRCH when the process ended meanwhile. A negative pid is
// os.ErrInvalid. It needs Linux 4.3, which added CapAmb. See proc_pid_status(5).
func Of(pid int) (Sets, error) {
	path := "/proc/thread-self/status"
	switch {
	case pid < 0:
		return Sets{}, fmt.Errorf("read capabilities of process %d: %w", pid, os.ErrInvalid)
	case pid > 0:
		path = fmt.Sprintf("/proc/%d/status", pid)
	}
	f, err := os.Open(path)
	if err != nil {
		return Sets{}, fmt.Errorf("read capabilities: %w", err)
	}
	defer f.Close()
	sets, err := ParseStatus(f)
	if err != nil {
		return Sets{}, fmt.Errorf("read capabilities from %s: %w", path, err)
	}
	return sets, nil
}
