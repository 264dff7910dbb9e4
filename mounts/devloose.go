package mounts

import "golang.org/x/sys/unix"

// compileLoose is compile in a loose tree, once there is a place: the devices are writable
// mounts of the host's, shm is a folder, and there is a core.
func (m Dev) compileLoose(t *tree, at place) {
	p := t.p
	t.doing(StageMount, "", "")
	t.own(0o755, 0, attributes{})
	t.moveTo(at)
	dev := t.dst
	p.Add(dev, t.tree, 0)
	for _, name := range devNodes {
		m.looseNode(t, "/dev/"+name, name)
	}
	for _, l := range devLinks[1:4] {
		m.looseLink(t, l)
	}
	m.looseLink(t, devLinks[0])
	m.looseLink(t, [2]string{"core", "/proc/kcore"})
	for _, name := range []string{"shm", "pts"} {
		t.doing(StagePart, name, "")
		p.Call(unix.SYS_MKDIRAT, dev, name, 0o755)
	}
	t.doing(StagePartMount, "devpts pts", "")
	t.freshWith("devpts", []string{"newinstance"}, attributes{noExec: true, devices: true}, "ptmxmode", "0666", "mode", "620")
	p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", dev, "pts", moveNamed)
	p.Close(t.tree)
	m.looseLink(t, devLinks[4])
	if m.Console != "" {
		m.looseNode(t, m.Console, "console")
	}
	m.known(t, at)
}

// known notes what there is in the dev, which is t.dst.
func (m Dev) known(t *tree, at place) {
	n := node{kind: ownFolder}
	if t.keeps(at) {
		n.fd = t.keep(t.dst)
	} else {
		t.p.Close(t.dst)
	}
	t.mounted(at.path, n)
	if t.loose.blind {
		return
	}
	set := func(name string, n node) { t.shape.set(at.path+"/"+name, n) }
	for _, name := range devNodes {
		set(name, node{kind: foreign, file: true, source: "/dev/" + name})
	}
	for _, l := range devLinks {
		set(l[0], node{kind: ownLink, link: l[1]})
	}
	set("core", node{kind: ownLink, link: "/proc/kcore"})
	set("shm", node{kind: ownFolder})
	set("pts", node{kind: foreign})
	if m.Console != "" {
		set("console", node{kind: foreign, file: true, source: m.Console})
	}
}

// looseNode shows a device of the host.
func (m Dev) looseNode(t *tree, source, name string) {
	p := t.p
	t.doing(StagePart, name, "")
	p.Call(unix.SYS_MKNODAT, t.dst, name, unix.S_IFREG|0o444, 0)
	t.doing(StagePartMount, source+" "+name, "")
	p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, "/"+t.base.old+source, cloneNamed).To(t.tree)
	t.setAttributes(attributes{devices: true})
	p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", t.dst, name, moveNamed)
	p.Close(t.tree)
}

func (m Dev) looseLink(t *tree, l [2]string) {
	t.doing(StagePart, l[0], "")
	t.p.Call(unix.SYS_SYMLINKAT, l[1], t.dst, l[0])
}
