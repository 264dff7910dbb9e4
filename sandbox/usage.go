package sandbox

import "golang.org/x/sys/unix"

// OOM reports whether the kernel killed something in the sandbox for want of memory: as far as
// its cgroup tells, so false where it had none.
func (r *Result) OOM() bool { return r.Usage.OOM() }

// noteOOM is the look at what the cgroup tells about a command that was killed by nobody else.
func (r *Result) noteOOM() {
	if r.Ending == EndedBySignal && r.Status.Signal() == unix.SIGKILL && r.OOM() {
		r.Ending = EndedByOOM
	}
}
