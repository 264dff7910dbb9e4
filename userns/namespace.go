package userns

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Namespace is a namespace and what keeps it.
type Namespace struct {
	Kind   Kind
	Inode  uint64 // as in [Handle.Inode]
	Owner  uint64 // the user namespace that owns it; 0: none, or the caller may not see it
	Parent uint64 // of a user or PID namespace; 0: likewise
	// OwnerUID is that of [Handle.OwnerUID]; -1: the caller may not see it.
	OwnerUID int64

	Processes []*Process // in it, in the order of their PIDs
	Mounts    []string   // where it is mounted in the caller's mount namespace, mount(8) --bind
	FDs       []FD       // file descriptors that are open on it
}

// FD is a file descriptor of a process.
type FD struct{ PID, FD int }

// String is the namespace as /proc/PID/ns shows it: "net:[4026531833]".
func (n *Namespace) String() string { return name(n.Kind, n.Inode) }

func (f FD) path() string { return procPath(f.PID) + "/fd/" + strconv.Itoa(f.FD) }

// Open opens the namespace by what keeps it. fs.ErrNotExist: nothing that the list
// names does so any more, or never did: it is only the owner or the parent of
// another. The caller closes the Handle.
func (n *Namespace) Open() (*Handle, error) {
	err := fmt.Errorf("open namespace %v: %w", n, os.ErrNotExist)
	try := func(path string) *Handle {
		h, e := Open(path)
		if e == nil && (h.kind != n.Kind || h.inode != n.Inode) {
			h.Close()
			h, e = nil, nil
		}
		if e != nil && !errors.Is(e, os.ErrNotExist) {
			err = e
		}
		return h
	}
	for _, p := range n.Processes {
		if h := try(procPath(p.PID) + "/ns/" + n.Kind.String()); h != nil {
			return h, nil
		}
	}
	for _, f := range n.FDs {
		if h := try(f.path()); h != nil {
			return h, nil
		}
	}
	for _, point := range n.Mounts {
		if h := try(point); h != nil {
			return h, nil
		}
	}
	return nil, err
}
