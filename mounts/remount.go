package mounts

import "golang.org/x/sys/unix"

// Remount makes the mount at a path read-only, but none below it, in a [Loose] tree.
type Remount struct {
	Target string
	Origin string
}

// Where is the mount point.
func (r Remount) Where() string  { return r.Target }
func (r Remount) origin() string { return r.Origin }
func (r Remount) String() string { return "make the mount on " + r.Target + " read-only" }
func (r Remount) check() error   { return checkTarget(r.Target) }

func (r Remount) compile(t *tree) error {
	if err := t.loosely(); err != nil {
		return err
	}
	at := t.find(r.Target, false)
	if !at.named && at.path == "" { // the kernel's word decides, but nothing is made
		at = place{}
	}
	rel := relative(r.Target)
	t.parents(r.Target, at)
	t.doing(StagePoint, "", "")
	t.openLoose(rel, at, "O_PATH", unix.O_PATH, t.dst)
	t.doing(StageAttributes, "", "")
	none, done := t.p.Label("no_mount"), t.p.Label("remounted")
	t.p.Call(unix.SYS_MOUNT_SETATTR, t.dst, "", setOne, attributes{readOnly: true}.arg(), sizeofAttr).On(unix.EINVAL, none)
	t.p.Close(t.dst)
	t.p.Jump(done)
	t.p.Here(none)
	t.p.Die(t.loose.words(StageNotMounted, ""))
	t.p.Here(done)
	return nil
}
