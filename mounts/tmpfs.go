package mounts

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// Tmpfs is an empty file system in memory, gone with the sandbox, tmpfs(5).
type Tmpfs struct {
	Target string
	Size   uint64 // in bytes; 0: the kernel's default, half of the memory
	Mode   uint32 // permission bits of its root; 0: 0755
	NoExec bool
	Origin string
}

// Where is the mount point.
func (m Tmpfs) Where() string  { return m.Target }
func (m Tmpfs) origin() string { return m.Origin }
func (m Tmpfs) String() string { return "mount a tmpfs on " + m.Target }

func (m Tmpfs) check() error {
	if m.Mode&^0o1777 != 0 {
		return fmt.Errorf("mode %#o: only permission bits and the sticky bit can be set", m.Mode)
	}
	return checkTarget(m.Target)
}

func (m Tmpfs) compile(t *tree) error {
	at, err := t.prepare(m.Target, false, false)
	if err != nil {
		return err
	}
	if err := t.checkForeign(at, false); err != nil {
		return err
	}
	mode := m.Mode
	if mode == 0 {
		mode = 0o755
	}
	params := []string{"mode", strconv.FormatUint(uint64(mode), 8)}
	if m.Size != 0 {
		params = append(params, "size", strconv.FormatUint(m.Size, 10))
	}
	t.fresh("tmpfs", attributes{noExec: m.NoExec}, params...)
	t.move()
	t.shape.set(at.path, node{kind: ownFolder})
	return nil
}

// fresh makes a new file system of the given type as t.tree, fsopen(2). Params
// are names and values of mount options in turn.
func (t *tree) fresh(fstype string, a attributes, params ...string) {
	p := t.p
	p.Call(unix.SYS_FSOPEN, fstype, unix.FSOPEN_CLOEXEC).To(t.fs)
	for i := 0; i < len(params); i += 2 {
		p.Call(unix.SYS_FSCONFIG, t.fs, unix.FSCONFIG_SET_STRING, params[i], params[i+1], 0)
	}
	p.Call(unix.SYS_FSCONFIG, t.fs, unix.FSCONFIG_CMD_CREATE, 0, 0, 0)
	bits, _ := a.bits()
	p.Call(unix.SYS_FSMOUNT, t.fs, unix.FSMOUNT_CLOEXEC, bits).To(t.tree)
	p.Close(t.fs)
}
