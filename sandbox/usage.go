package sandbox

// OOM reports whether the kernel killed something in the sandbox for want of memory: as far as
// its cgroup tells, so false where it had none.
func (r *Result) OOM() bool { return r.Usage.OOM() }
