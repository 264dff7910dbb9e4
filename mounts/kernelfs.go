package mounts

// kernelFS is a new instance of a file system in which the kernel shows something
// of one of the sandbox's namespaces.
type kernelFS struct {
	fstype   string
	target   string
	writable bool
	params   []string // names and values of mount options in turn
	masked   []string // folders in it that are made empty
}

func (k kernelFS) String() string { return "mount " + k.fstype + " on " + k.target }

// mount makes the instance and mounts it. Nothing in it can be executed, and no
// set-user-id bit or device works.
func (k kernelFS) mount(t *tree) error {
	at, err := t.prepare(k.target, false)
	if err != nil {
		return err
	}
	if err := t.checkForeign(at, false); err != nil {
		return err
	}
	t.doing(StageMount, "", "")
	t.fresh(k.fstype, attributes{readOnly: !k.writable, noExec: true, none: t.loose != nil}, k.params...)
	t.moveTo(at)
	if len(k.masked) > 0 { // the mount is found through its own fd
		t.p.Add(t.dst, t.tree, 0)
		t.mask(at.path, "/empty", k.masked)
		t.p.Close(t.dst)
	} else {
		t.p.Close(t.tree)
	}
	t.mounted(at.path, node{kind: foreign, writable: k.writable})
	return nil
}
