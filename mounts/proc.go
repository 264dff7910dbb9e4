package mounts

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Proc is a new proc(5) of the sandbox's PID namespace. Its parts that are about
// the whole system are read-only, and what tells of the caller's keys, of the kernel's
// addresses and of the use of sound devices is empty. The kernel refuses it (EPERM)
// where the caller's own proc is partly covered, as in most containers.
type Proc struct {
	Target    string
	Masked    bool   // what tells of the kernel's memory, to root without any capability, is empty
	SubsetPID bool   // only what is about processes: no sys, no meminfo and the like
	HidePID   string // whose processes are seen: "off", "noaccess", "invisible", "ptraceable"; "": off
	Origin    string

	// In a loose tree only: the host's proc, where the PID namespace is the host's, too.
	Host bool
}

// hidePIDs are the values of the mount option hidepid, proc(5).
var hidePIDs = []string{"off", "noaccess", "invisible", "ptraceable"}

// What is masked in every proc, and what in one that is Masked.
var (
	// The names of the caller's keys are seen by whoever has the same user id outside;
	// addresses, where perf_event_paranoid is low.
	masked        = []string{"keys", "kallsyms"}
	maskedFolders = []string{"asound"}
	// For root alone these tell something.
	secrets = []string{"kcore", "kpagecount", "kpageflags", "kpagecgroup", "slabinfo", "vmallocinfo", "timer_list", "config.gz"}
)

// Where is the mount point.
func (m Proc) Where() string  { return m.Target }
func (m Proc) origin() string { return m.Origin }
func (m Proc) String() string { return "mount proc on " + m.Target }

func (m Proc) check() error {
	if m.HidePID != "" && !slices.Contains(hidePIDs, m.HidePID) {
		return fmt.Errorf("hidepid: %q is not one of %s", m.HidePID, strings.Join(hidePIDs, ", "))
	}
	return checkTarget(m.Target)
}

func (m Proc) options() (list []string) {
	if m.SubsetPID {
		list = append(list, "subset", "pid")
	}
	if m.HidePID != "" {
		list = append(list, "hidepid", m.HidePID)
	}
	return list
}

func (m Proc) compile(t *tree) error {
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
	t.fresh("proc", attributes{noExec: true}, m.options()...)
	// The mount is found through its own fd from now on.
	t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", t.dst, "", moveHere)
	t.p.Close(t.dst)
	t.p.Add(t.dst, t.tree, 0)
	t.mounted(at.path, node{kind: foreign, proc: true})
	for _, name := range systemWide {
		t.p.Doing("make " + at.path + "/" + name + " read-only")
		skip := t.p.Label("no_" + name)
		t.p.Call(unix.SYS_OPEN_TREE, t.dst, name, cloneNamed).To(t.tree).On(unix.ENOENT, skip)
		t.p.Call(unix.SYS_MOUNT_SETATTR, t.tree, "", setRecursive, procAttr, sizeofAttr)
		t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", t.dst, name, moveNamed)
		t.p.Close(t.tree)
		t.p.Here(skip)
	}
	if !m.SubsetPID {
		t.mask(at.path, "/nothing", masked)
		t.mask(at.path, "/empty", maskedFolders)
	}
	if m.Masked {
		t.mask(at.path, "/nothing", secrets)
	}
	t.p.Close(t.dst)
	return nil
}

// mask lays what is empty, a file or a folder, over each of names in the file system
// at t.dst, which is seen at where.
func (t *tree) mask(where, empty string, names []string) {
	t.makeEmpty()
	for _, name := range names {
		t.p.Doing("mask " + where + "/" + name)
		skip := t.p.Label("no_" + name)
		t.p.Call(unix.SYS_OPEN_TREE, unix.AT_FDCWD, empty, cloneNamed).To(t.tree)
		t.setAttributes(attributes{readOnly: true, noExec: true})
		t.p.Call(unix.SYS_MOVE_MOUNT, t.tree, "", t.dst, name, moveNamed).On(unix.ENOENT, skip)
		t.p.Here(skip)
		t.p.Close(t.tree)
	}
}

// systemWide are the parts of a proc through which the system can be changed.
// What root owns there, a caller who is root could write: no capability is
// needed for that.
var systemWide = []string{"sys", "sysrq-trigger", "irq", "bus", "acpi", "fs"}

var procAttr = attributes{readOnly: true, noExec: true}.arg()

// notForAll refuses a path in a proc that is another one for each process: it would be
// looked up by the process that builds the tree, and stay as it is for all others.
func (p place) notForAll() error {
	if !p.mount.proc {
		return nil
	}
	for name := range names(strings.TrimPrefix(p.path, p.cover)) {
		switch name {
		case "self", "thread-self", "net", "mounts":
			return fmt.Errorf("%s/%s is another one for each process", p.cover, name)
		}
		break
	}
	return nil
}
