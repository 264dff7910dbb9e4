package mounts

// Sysfs is a new sysfs(5), read-only, which shows the network devices of the
// sandbox's network namespace. All else in it is the machine's: it tells of the
// hardware and the kernel, and for a caller who is root what root owns there could
// be written without any capability. The tables of the firmware and the meters of
// energy, which betray what others compute, are empty. The kernel refuses it (EPERM)
// where the network namespace is not the sandbox's own, and where the caller's own
// sysfs is partly covered, as in most containers.
type Sysfs struct {
	Target string
	Origin string
}

// Where is the mount point.
func (m Sysfs) Where() string         { return m.Target }
func (m Sysfs) origin() string        { return m.Origin }
func (m Sysfs) String() string        { return m.fs().String() }
func (m Sysfs) check() error          { return checkTarget(m.Target) }
func (m Sysfs) compile(t *tree) error { return m.fs().mount(t) }

func (m Sysfs) fs() kernelFS {
	return kernelFS{fstype: "sysfs", target: m.Target, masked: []string{"firmware", "devices/virtual/powercap"}}
}
