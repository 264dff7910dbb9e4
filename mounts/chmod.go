package mounts

import (
	"fmt"
	"path"

	"golang.org/x/sys/unix"
)

// Chmod sets the permission bits of a file or folder that earlier entries have
// made in a file system of the sandbox's own: the root, a tmpfs, what is in them.
// The mode of what the host has is never changed.
type Chmod struct {
	Target string
	Mode   uint32 // permission bits; of a folder also the sticky bit
	Origin string
}

// Where is the file or folder.
func (c Chmod) Where() string  { return c.Target }
func (c Chmod) origin() string { return c.Origin }
func (c Chmod) String() string { return fmt.Sprintf("set the mode of %s to %04o", c.Target, c.Mode) }

func (c Chmod) check() error {
	if !path.IsAbs(c.Target) {
		return fmt.Errorf("the path %q is not absolute", c.Target)
	}
	if err := checkMode(c.Mode); err != nil {
		return err
	}
	return checkPath(c.Target)
}

// checkMode refuses set-id bits.
func checkMode(mode uint32) error {
	if mode&^0o1777 != 0 {
		return fmt.Errorf("mode %#o: only permission bits and the sticky bit can be set", mode)
	}
	return nil
}

func (c Chmod) compile(t *tree) error {
	if t.loose != nil {
		c.compileLoose(t)
		return nil
	}
	at, err := t.shape.resolve(c.Target)
	switch {
	case err != nil:
		return err
	case at.cover == "" && !at.exists:
		return fmt.Errorf("%s does not exist", at.path)
	case at.node.kind == ownFile && at.cover == "" && c.Mode&^0o777 != 0:
		return fmt.Errorf("mode %#o: a file has permission bits only", c.Mode)
	}
	return t.chmod(at, c.Mode)
}

// chmod sets the mode of what is in a file system of our own, and refuses to set
// that of anything else.
func (t *tree) chmod(at place, mode uint32) error {
	switch {
	case at.cover == at.path:
		return fmt.Errorf("what is mounted on %s is not of the sandbox's own, so its mode is left alone", at.path)
	case at.cover != "":
		return fmt.Errorf("%s lies in %s, which is not of the sandbox's own, so its mode is left alone", at.path, at.cover)
	}
	t.p.Call(unix.SYS_FCHMODAT, at.root, relative(at.rel), mode)
	return nil
}

// compileLoose is compile in a loose tree: of whatever is there.
func (c Chmod) compileLoose(t *tree) {
	p, rel := t.p, relative(c.Target)
	at := t.find(c.Target, false)
	t.doing(StageMode, "", "")
	if at.named && at.exists {
		p.Call(unix.SYS_FCHMODAT, at.root, relative(at.rel), c.Mode)
		return
	}
	done, old := p.Label("chmod_done"), p.Label("chmod_old")
	t.openLoose(rel, at, "O_PATH", unix.O_PATH, t.dst)
	p.Call(unix.SYS_FCHMODAT2, t.dst, "", c.Mode, unix.AT_EMPTY_PATH).On(unix.ENOSYS, old)
	p.Close(t.dst)
	p.Jump(done)
	p.Here(old) // before Linux 6.6
	p.Close(t.dst)
	t.openLoose(rel, at, "O_RDONLY", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, t.dst)
	p.Call(unix.SYS_FCHMOD, t.dst, c.Mode)
	p.Close(t.dst)
	p.Here(done)
}
