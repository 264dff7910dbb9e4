package sandbox

import "golang.org/x/sys/unix"

// OOM reports whether the kernel killed something in the sandbox for want of memory: as far as
// its cgroup tells, so false where it had none.
func (r *Result) OOM() bool { return r.Usage.OOM() }

// blameMemory notes that the kernel ended the command for want of memory.
func (r *Result) blameMemory() {
	if r.OOM() && r.Ending == EndedBySignal && r.Status.Signal() == unix.SIGKILL {
		r.Ending = EndedByOOM
	}
}
