package userns

import (
	"cmp"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/procfs"
)

// List lists every namespace that the caller may see, in the order of the inode
// numbers; with kinds given, only of those. They are the namespaces
//
//   - of processes that the caller may look into (PTRACE_MODE_READ, ptrace(2)),
//   - that a file descriptor of such a process keeps,
//   - that a mount in the caller's mount namespace keeps,
//   - that own one of these, or are its parent: no process has to be in them.
//
// Those of the processes of a thread are listed once, for the process; a namespace
// that waits for the first child, as after unshare(2) with CLONE_NEWPID, is not.
//
// A process that ends while it is read, or that may not be read, is passed over.
// The list is not of one moment. An error is that of /proc itself.
//
// It needs Linux 4.11 and a proc on /proc that shows the caller. See namespaces(7),
// ioctl_ns(2).
func List(only ...Kind) ([]*Namespace, error) {
	l := lister{which: SetOf(only...), byInode: map[uint64]*Namespace{}}
	if len(only) == 0 {
		l.which = everyKind
	}
	if err := l.processes(); err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	if err := l.mounts(); err != nil {
		return nil, fmt.Errorf("list namespaces: %w", err)
	}
	for _, n := range slices.Clone(l.list) {
		if h, err := n.Open(); err == nil {
			l.relate(n, h)
			h.Close()
		}
	}
	slices.SortFunc(l.list, func(a, b *Namespace) int { return cmp.Compare(a.Inode, b.Inode) })
	return l.list, nil
}

// lister is a List that is being made. Namespaces of all kinds have their inode
// numbers from one range.
type lister struct {
	which   Set
	list    []*Namespace
	byInode map[uint64]*Namespace
}

func (l *lister) get(k Kind, inode uint64) *Namespace {
	n := l.byInode[inode]
	if n == nil {
		n = &Namespace{Kind: k, Inode: inode, OwnerUID: -1}
		l.byInode[inode] = n
		l.list = append(l.list, n)
	}
	return n
}

// processes reads /proc.
func (l *lister) processes() error {
	proc, err := openat(unix.AT_FDCWD, "/proc", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return &os.PathError{Op: "open", Path: "/proc", Err: err}
	}
	defer unix.Close(proc)
	var self unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/user", &self); err != nil {
		return &os.PathError{Op: "stat", Path: "/proc/thread-self/ns/user", Err: err}
	}
	s := &scanner{proc: proc, which: l.which, nsfs: self.Dev}
	type kept struct {
		inode uint64
		FD
	}
	var open []kept
	var last [kinds]*Namespace // of the process before: most have the same
	err = numbers(proc, s.names[:], func(pid int) {
		read, ok := s.read(pid, func(f openFD) { open = append(open, kept{f.inode, FD{pid, f.fd}}) })
		if !ok {
			return
		}
		p := &read
		for k := range Kind(len(p.IDs)) {
			inode := p.IDs[k]
			if inode == 0 {
				continue
			}
			if last[k] == nil || last[k].Inode != inode {
				last[k] = l.get(k, inode)
			}
			last[k].Processes = append(last[k].Processes, p)
		}
	})
	if err != nil {
		return &os.PathError{Op: "read", Path: "/proc", Err: err}
	}
	for _, f := range open {
		n := l.byInode[f.inode]
		if n == nil {
			n = l.fromFD(f.FD, f.inode)
		}
		if n != nil {
			n.FDs = append(n.FDs, f.FD)
		}
	}
	return nil
}

// fromFD is the namespace that only a file descriptor keeps; nil if that is closed
// meanwhile, or the kind is not wanted.
func (l *lister) fromFD(f FD, inode uint64) *Namespace {
	h, err := Open(f.path())
	if err != nil {
		return nil
	}
	defer h.Close()
	if h.Inode() != inode || !l.which.Has(h.Kind()) {
		return nil
	}
	return l.get(h.Kind(), inode)
}

// mounts reads the mounts of nsfs.
func (l *lister) mounts() error {
	text, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return err
	}
	list, err := procfs.ParseMountinfo(text)
	if err != nil {
		return err
	}
	for _, m := range list {
		if k, inode, ok := parseName(m.Root); ok && m.Type == "nsfs" && l.which.Has(k) {
			n := l.get(k, inode)
			n.Mounts = append(n.Mounts, m.Point)
		}
	}
	return nil
}

// parseName reads what name makes.
func parseName(text string) (Kind, uint64, bool) {
	for k := range Kind(kinds) {
		if inode, ok := inodeIn([]byte(text), k.String()); ok {
			return k, inode, true
		}
	}
	return 0, 0, false
}

// relate finds the owner and the parent of n, which h is, and puts those into the
// list that are not there. Nesting has an end at 32 levels, user_namespaces(7).
func (l *lister) relate(n *Namespace, h *Handle) {
	if n.Owner != 0 || n.OwnerUID >= 0 {
		return
	}
	follow := func(other *Handle, err error) uint64 {
		if err != nil {
			return 0
		}
		defer other.Close()
		if l.which.Has(other.kind) {
			l.relate(l.get(other.kind, other.inode), other)
		}
		return other.inode
	}
	if uid, err := h.OwnerUID(); err == nil {
		n.OwnerUID = int64(uid)
	}
	n.Owner = follow(h.Owner())
	if n.Kind == User || n.Kind == PID {
		n.Parent = follow(h.Parent())
	}
}
