package mounts

// Cgroupfs is the file system of control groups, version 2, cgroups(7), as the
// sandbox's cgroup namespace shows it: its root is the caller's own group. The
// kernel refuses it (EPERM) where that namespace is not the sandbox's own.
type Cgroupfs struct {
	Target   string
	Writable bool // Warning: what the caller's user may change there, the command can: limits of the caller's own group, for root
	Origin   string
}

// Where is the mount point.
func (m Cgroupfs) Where() string         { return m.Target }
func (m Cgroupfs) origin() string        { return m.Origin }
func (m Cgroupfs) String() string        { return m.fs().String() }
func (m Cgroupfs) check() error          { return checkTarget(m.Target) }
func (m Cgroupfs) compile(t *tree) error { return m.fs().mount(t) }

func (m Cgroupfs) fs() kernelFS {
	return kernelFS{fstype: "cgroup2", target: m.Target, writable: m.Writable}
}
