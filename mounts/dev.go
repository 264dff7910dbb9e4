package mounts

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Dev is a minimal /dev: null, zero, full, random, urandom and tty of the host,
// a devpts(5) and a shm of its own, and the usual symlinks.
type Dev struct {
	Target  string
	Console string // path of the caller's terminal on the host, to be the console; "": none
	Origin  string

	// OwnConsole makes a place for the console, to be a terminal of the sandbox's own:
	// see BindConsole. Console has to be empty.
	OwnConsole bool
}

// Where is the mount point.
func (m Dev) Where() string  { return m.Target }
func (m Dev) origin() string { return m.Origin }
func (m Dev) String() string { return "make the devices in " + m.Target }
func (m Dev) check() error   { return checkTarget(m.Target) }

var (
	devNodes = []string{"null", "zero", "full", "random", "urandom", "tty"}
	devLinks = [][2]string{
		{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
	}
)

func (m Dev) compile(t *tree) error {
	at, err := t.prepare(m.Target, false)
	if err != nil {
		return err
	}
	if err := t.checkForeign(at, false); err != nil {
		return err
	}
	if t.loose != nil {
		m.compileLoose(t, at)
		return nil
	}
	p := t.p
	t.private(0o755, attributes{noExec: true})
	dev := t.moveOwn(at)

	for _, name := range devNodes {
		m.node(t, dev, "dev/"+name, name)
	}
	if m.Console != "" {
		m.node(t, dev, relative(m.Console), "console")
	}
	if m.OwnConsole {
		p.Doing("make a place for the console")
		p.Call(unix.SYS_MKNODAT, dev, "console", unix.S_IFREG|0o620, 0)
	}
	for _, l := range devLinks {
		p.Call(unix.SYS_SYMLINKAT, l[1], dev, l[0])
	}
	m.inside(t, dev, "pts", func() {
		t.fresh("devpts", attributes{noExec: true, devices: true}, "ptmxmode", "666", "mode", "620")
	})
	m.inside(t, dev, "shm", func() { t.private(0o1777, attributes{}) })
	t.mounted(at.path, node{kind: ownFolder, fd: dev, devices: true})
	for _, name := range devNodes {
		t.shape.set(at.path+"/"+name, node{kind: foreign, file: true})
	}
	for _, l := range devLinks {
		t.shape.set(at.path+"/"+l[0], node{kind: ownLink, link: l[1]})
	}
	if m.Console != "" || m.OwnConsole {
		t.shape.set(at.path+"/console", node{kind: foreign, file: true})
	}
	t.shape.set(at.path+"/pts", node{kind: foreign})
	t.shape.set(at.path+"/shm", node{kind: foreign})
	return nil
}

// node shows a device of the host as name. It is opened as any source is, and
// read-only: it can be written to all the same, but its mode cannot be changed.
func (m Dev) node(t *tree, dev *launch.Var, source, name string) {
	p := t.p
	p.Doing("bind the device /" + source)
	p.Call(unix.SYS_OPENAT2, t.old, source, inRoot, sizeofHow).To(t.src).Retry()
	p.Call(unix.SYS_OPEN_TREE, t.src, "", cloneTree).To(t.tree)
	p.Call(unix.SYS_MOUNT_SETATTR, t.tree, "", setRecursive, attributes{readOnly: true, noExec: true, devices: true}.arg(), sizeofAttr)
	p.Call(unix.SYS_MKNODAT, dev, name, unix.S_IFREG|0o666, 0)
	p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", dev, name, moveNamed)
	p.Close(t.tree, t.src)
}

// BindConsole appends, after the file tree: the terminal fd is the console of every
// Dev that has a place for it. Its mode cannot be changed there.
func BindConsole(p *launch.Program, files []Entry, fd *launch.Var) {
	for _, e := range files {
		dev, ok := e.(Dev)
		if !ok || !dev.OwnConsole {
			continue
		}
		p.Doing("bind the console " + dev.Target + "/console")
		tree, covered := p.Var("tree"), p.Label("console_covered")
		p.Call(unix.SYS_OPEN_TREE, fd, "", cloneTree).To(tree)
		p.Call(unix.SYS_MOUNT_SETATTR, tree, "", setRecursive, attributes{readOnly: true, noExec: true, devices: true}.arg(), sizeofAttr)
		// A later entry may lie over the whole.
		p.Call(unix.SYS_MOVE_MOUNT, tree, "", unix.AT_FDCWD, dev.Target+"/console", moveNamed).On(unix.ENOENT, covered).On(unix.ENOTDIR, covered)
		p.Here(covered)
		p.Close(tree)
	}
}

// inside mounts what fs makes on a new folder of dev.
func (m Dev) inside(t *tree, dev *launch.Var, name string, fs func()) {
	t.p.Doing("mount " + m.Target + "/" + name)
	t.p.Call(unix.SYS_MKDIRAT, dev, name, 0o755)
	fs()
	t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", dev, name, moveNamed)
	t.p.Close(t.tree)
}
