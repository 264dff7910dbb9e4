package mounts

import (
	"strings"

	"golang.org/x/sys/unix"
)

// byName appends a bind, in a loose tree, of something without a path, such as the namespace or
// the removed file that a descriptor is open for, if it need not be there: the kernel is given
// its name, in the host's tree.
func (b Bind) byName(t *tree) {
	s := t.loose.sources[b.Source]
	if !b.Try || !s.missing || !strings.HasPrefix(b.Source, "/") {
		return
	}
	name := b.Source
	if fd, ok := strings.CutPrefix(name, "/dev/fd/"); ok { // a symlink that leads to the root at that time
		name = "/proc/self/fd/" + fd
	}
	p := t.p
	gone := p.Label("gone")
	t.loose.detail = b.Source
	t.doing(StageMount, b.Source, "")
	p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, "/"+t.base.old+name, cloneNamed).To(t.tree).On(unix.ENOENT, gone)
	t.doing(StageAttributes, b.Source, "")
	t.setAttributes(b.attributes())
	at := t.prepareLoose(b.Target, s.file)
	t.doing(StageMount, b.Source, "")
	t.moveTo(at)
	p.Close(t.tree)
	p.Here(gone)
	t.loose.blind = true // of what is there
}

func (b Bind) attributes() attributes {
	return attributes{readOnly: !b.Writable, noExec: b.NoExec, devices: b.Devices}
}
