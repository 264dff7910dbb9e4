package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Overlay shows folders of the host copy-on-write: the kernel reads from Lower and
// writes to Upper (kernel document filesystems/overlayfs.rst). Without an Upper the
// writes are kept in memory and gone with the sandbox; ReadOnly, there are none.
//
// No layer may be written to by others meanwhile; what is seen then is undefined,
// but no other harm is done. An Upper serves one sandbox at a time. What is mounted
// below a layer is not part of it, and the kernel refuses such a layer (EINVAL) where
// the mount was made outside. Linux 5.11; with an Upper 5.14, for writes in memory 6.6.
type Overlay struct {
	Lower    []string // absolute, on the host; the first lies on top; none, with an Upper: an empty folder
	Upper    string   // absolute, on the host: a folder for what is written
	Work     string   // an empty folder in the same mount as Upper, for the kernel
	Target   string   // absolute, in the sandbox
	ReadOnly bool     // nothing can be written
	NoExec   bool     // nothing in it can be executed
	Volatile bool     // nothing is synced: after a crash of the machine Upper is not to be used again
	Is       FileID   // which folder the first of Lower has to be when it is mounted; zero: whichever it is
	Later    bool     // layers that do not exist are made before the steps run; what is in them, Target on the host tells
	Origin   string   // the flag or profile line that asks for it
}

// maxLower is how many layers fit in one mount option, which has a page.
const maxLower = 100

// Where is the mount point.
func (o Overlay) Where() string  { return o.Target }
func (o Overlay) origin() string { return o.Origin }

func (o Overlay) String() string {
	text := "overlay " + strings.Join(o.Lower, ", ")
	if len(o.Lower) == 0 {
		text = "overlay " + o.Upper
	}
	if len(o.Lower) != 1 || o.Target != o.Lower[0] {
		text += " on " + o.Target
	}
	if o.ReadOnly {
		text += " read-only"
	}
	return text
}

func (o Overlay) check() error {
	switch {
	case len(o.Lower) == 0 && o.Upper == "":
		return errors.New("an overlay needs a lower layer")
	case len(o.Lower) > maxLower:
		return fmt.Errorf("%d lower layers; there can be %d", len(o.Lower), maxLower)
	case (o.Upper == "") != (o.Work == ""):
		return errors.New("upper and work folder belong together")
	case o.ReadOnly && o.Upper != "":
		return errors.New("a read-only overlay has no upper folder")
	case o.ReadOnly && len(o.Lower) == 1:
		return advise(errors.New("a read-only overlay has at least two layers"), "--ro shows one folder read-only")
	}
	for _, p := range slices.Concat(o.Lower, o.writes()) {
		if err := checkPath(p); err != nil {
			return err
		}
		if !path.IsAbs(p) {
			return fmt.Errorf("the layer %q is not absolute", p)
		}
	}
	return checkTarget(o.Target)
}

// writes are the folders of the host that are written to.
func (o Overlay) writes() []string {
	if o.Upper == "" {
		return nil
	}
	return []string{o.Upper, o.Work}
}

func (o Overlay) compile(t *tree) error {
	if t.loose != nil {
		return o.compileLoose(t)
	}
	var lower []string
	for _, dir := range o.Lower {
		real, err := o.folder(t, dir)
		if err != nil {
			return err
		}
		lower = append(lower, real)
	}
	options := []string{"lowerdir", ""}
	if !o.ReadOnly {
		upper, err := o.layers(t)
		if err != nil {
			return err
		}
		options = append(options, "upperdir", upper[0], "workdir", upper[1])
	}
	var names []string
	for i, dir := range lower {
		var is FileID
		if i == 0 {
			is = o.Is
		}
		names = append(names, t.layer(dir, is, o.String()))
	}
	if len(names) == 0 {
		names = []string{t.makeFolder(0o755)}
	}
	options[1] = strings.Join(names, ":")

	at, err := t.prepare(o.Target, false)
	if err != nil {
		return err
	}
	if err := t.checkForeign(at, false); err != nil {
		return err
	}
	flags := []string{"userxattr"}
	if o.Volatile || o.Upper == "" && !o.ReadOnly {
		flags = append(flags, "volatile")
	}
	t.freshWith("overlay", flags, attributes{readOnly: o.ReadOnly, noExec: o.NoExec}, options...)
	t.move()
	n := node{kind: foreign, source: o.Target, writable: !o.ReadOnly, cow: !o.ReadOnly, upper: o.Upper}
	if !o.Later && len(lower) > 0 {
		n.source, n.layers = lower[0], lower
		if upper, err := filepath.EvalSymlinks(o.Upper); o.Upper != "" && err == nil {
			n.layers = append([]string{upper}, lower...)
		}
	}
	t.mounted(at.path, n)
	return nil
}

// folder looks up a folder of the host.
func (o Overlay) folder(t *tree, name string) (real string, err error) {
	real, file, err := t.source(name)
	switch {
	case o.Later && errors.Is(err, fs.ErrNotExist):
		return path.Clean(name), nil // a symlink in it is refused when it is opened
	case err == nil && file:
		err = fmt.Errorf("%s is no folder", name)
	}
	return real, err
}

// layers mounts in the base, or makes there, the upper and the work folder, and
// returns their paths. Both have to be found through one mount.
func (o Overlay) layers(t *tree) (paths [2]string, err error) {
	if o.Upper == "" {
		mode, err := folderMode(o.Lower[0])
		if err != nil {
			return paths, err
		}
		dir := t.makeFolder(0o700)
		paths = [2]string{dir + "/upper", dir + "/work"}
		t.p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, paths[0], mode)
		t.p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, paths[1], 0o700)
		return paths, nil
	}
	var real [2]string
	for i, dir := range o.writes() {
		if o.Later {
			real[i] = path.Clean(dir)
			continue
		}
		if real[i], err = o.folder(t, dir); err != nil {
			return paths, err
		}
	}
	upper, work := real[0], real[1]
	above := path.Dir(upper)
	for above != "/" && !strings.HasPrefix(work, above+"/") {
		above = path.Dir(above)
	}
	dir := t.layer(above, FileID{}, o.String())
	// What follows dir in the two paths the kernel looks up itself, where the host's tree is still
	// to be reached by /old: a symlink that somebody has put there meanwhile must lead nowhere.
	t.p.Call(unix.SYS_MOUNT_SETATTR, unix.AT_FDCWD, dir, unix.AT_RECURSIVE, setAttr("nosymfollow", unix.MOUNT_ATTR_NOSYMFOLLOW), sizeofAttr)
	for i, name := range []string{upper, work} {
		below := strings.ReplaceAll(strings.TrimPrefix(name, above), `\`, `\\`) // the kernel takes one away
		paths[i] = path.Join(dir, below)
	}
	return paths, nil
}

// folderMode are the permission bits of a folder: those of an overlay's root are
// the upper folder's.
func folderMode(name string) (mode uint32, err error) {
	var st unix.Stat_t
	err = unix.Stat(name, &st)
	return st.Mode & 0o1777, err
}

// layer mounts a folder of the host, given by its real path, in the base, where
// nothing in its name can be taken for an option, and returns the path there.
func (t *tree) layer(real string, is FileID, doing string) string {
	dir := t.makeFolder(0o700)
	t.openSource(real, nil)
	if is != (FileID{}) {
		t.identify(real, is)
		t.p.Doing(doing)
	}
	t.p.Call(unix.SYS_OPEN_TREE, t.src, "", cloneTree).To(t.tree)
	t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", unix.AT_FDCWD, dir, moveNamed)
	t.p.Close(t.tree, t.src)
	return dir
}

// makeFolder makes a new folder in the base and returns its path.
func (t *tree) makeFolder(mode uint32) string {
	t.folders++
	name := "/" + strconv.Itoa(t.folders)
	t.p.Call(unix.SYS_MKDIRAT, unix.AT_FDCWD, name, mode)
	return name
}
