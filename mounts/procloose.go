package mounts

import "golang.org/x/sys/unix"

// looseCovers are the parts of a proc that are read-only in a loose tree, where they could
// be written to.
var looseCovers = []string{"sys", "sysrq-trigger", "irq", "bus"}

// compileLoose is compile in a loose tree, once there is a place.
func (m Proc) compileLoose(t *tree, at place) {
	p := t.p
	t.doing(StageMount, "", "")
	if m.Host {
		t.openSource("/proc", nil)
		p.Call(unix.SYS_OPEN_TREE, t.src, "", cloneTree).To(t.tree)
		p.Close(t.src)
		t.doing(StageAttributes, "", "")
		t.setAttributes(attributes{})
		t.doing(StageMount, "", "")
	} else {
		t.fresh("proc", attributes{noExec: true})
	}
	t.moveTo(at)
	p.Add(t.src, t.tree, 0) // the mount is found through its own fd
	for _, name := range looseCovers {
		skip := p.Label("not_writable")
		t.doing(StageAccess, name, "")
		p.Call(unix.SYS_FACCESSAT, t.src, name, unix.W_OK).On(unix.EACCES, skip).On(unix.ENOENT, skip).On(unix.EROFS, skip)
		t.doing(StageCover, name, "")
		p.Call(unix.SYS_OPEN_TREE, t.src, name, cloneNamed).To(t.tree)
		t.doing(StageCoverAttrs, name, "")
		t.setAttributes(attributes{readOnly: true})
		t.doing(StageCover, name, "")
		p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", t.src, name, moveNamed)
		p.Close(t.tree)
		p.Here(skip)
	}
	p.Close(t.src)
	t.mounted(at.path, node{kind: foreign, proc: true})
}
