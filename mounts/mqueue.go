package mounts

// Mqueue is the file system of the POSIX message queues of the sandbox's IPC
// namespace, mq_overview(7). The kernel refuses it (EPERM) where that namespace is
// not the sandbox's own.
type Mqueue struct {
	Target string
	Origin string
}

// Where is the mount point.
func (m Mqueue) Where() string         { return m.Target }
func (m Mqueue) origin() string        { return m.Origin }
func (m Mqueue) String() string        { return m.fs().String() }
func (m Mqueue) check() error          { return checkTarget(m.Target) }
func (m Mqueue) compile(t *tree) error { return m.fs().mount(t) }

func (m Mqueue) fs() kernelFS { return kernelFS{fstype: "mqueue", target: m.Target, writable: true} }
