package mounts

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Tmpfs is an empty folder in memory, gone with the sandbox, tmpfs(5). Those
// without a size of their own share one file system, which can grow to half of
// the machine's memory.
type Tmpfs struct {
	Target string
	Size   uint64 // in bytes; 0: no bound of its own
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
	at, err := t.prepare(m.Target, false)
	if err != nil {
		return err
	}
	if err := t.checkForeign(at, false); err != nil {
		return err
	}
	t.doing(StageMount, "", "")
	t.own(m.Mode, m.Size, attributes{noExec: m.NoExec})
	t.mounted(at.path, node{kind: ownFolder, fd: t.moveOwn(at)})
	return nil
}

// own makes a file system of our own as t.tree. A loose tree's are as they are asked for,
// since what they are is seen in its mountinfo.
func (t *tree) own(mode uint32, size uint64, a attributes) {
	if mode == 0 && t.loose == nil {
		mode = 0o755
	}
	options := []string{"mode", strconv.FormatUint(uint64(mode), 8)}
	if size != 0 {
		options = append(options, "size", strconv.FormatUint(size, 10))
	} else if t.loose == nil {
		t.private(mode, a)
		return
	}
	t.fresh("tmpfs", a, options...)
}

// moveOwn moves t.tree, a file system of our own, to where prepare has led, and returns
// its fd, which stays open while the tree is built.
func (t *tree) moveOwn(at place) *launch.Var {
	if t.loose != nil && !t.keeps(at) {
		t.moveTo(at)
		t.p.Close(t.tree)
		return nil
	}
	t.moveTo(at)
	return t.keep(t.tree)
}

// keep keeps the root of a file system of our own open.
func (t *tree) keep(root *launch.Var) *launch.Var {
	t.kept++
	fd := t.p.Var("fs_" + strconv.Itoa(t.kept))
	t.p.Add(fd, root, 0)
	return fd
}

// private makes a mount of a new folder of the base as t.tree: a file system of
// its own takes longer to make and to take down.
func (t *tree) private(mode uint32, a attributes) {
	name := t.makeFolder(mode)
	t.p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, name, cloneNamed).To(t.tree)
	t.setAttributes(a)
}

// fresh makes a new file system of the given type as t.tree, fsopen(2). Params
// are names and values of mount options in turn.
func (t *tree) fresh(fstype string, a attributes, params ...string) {
	t.freshWith(fstype, nil, a, params...)
}

// freshWith is fresh with mount options that have no value.
func (t *tree) freshWith(fstype string, flags []string, a attributes, params ...string) {
	p := t.p
	p.Call(unix.SYS_FSOPEN, fstype, unix.FSOPEN_CLOEXEC).To(t.fs)
	for _, name := range flags {
		p.Call(unix.SYS_FSCONFIG, t.fs, unix.FSCONFIG_SET_FLAG, name, 0, 0)
	}
	for i := 0; i < len(params); i += 2 {
		p.Call(unix.SYS_FSCONFIG, t.fs, unix.FSCONFIG_SET_STRING, params[i], params[i+1], 0)
	}
	if t.loose != nil { // what mountinfo shows as the source
		p.Call(unix.SYS_FSCONFIG, t.fs, unix.FSCONFIG_SET_STRING, "source", fstype, 0)
	}
	p.Call(unix.SYS_FSCONFIG, t.fs, unix.FSCONFIG_CMD_CREATE, 0, 0, 0)
	bits, _ := a.bits()
	p.Call(unix.SYS_FSMOUNT, t.fs, unix.FSMOUNT_CLOEXEC, bits).To(t.tree)
	p.Close(t.fs)
}
