package main

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/userns"
)

// namespaces tells of each namespace whether it is the caller's, and whose it is.
func (e *explanation) namespaces() {
	e.heading("namespaces")
	mine, err := userns.Of(0)
	if err != nil {
		e.line("", "%s", hidden(err))
		return
	}
	for _, k := range lsKinds.List() {
		if mine[k] == 0 {
			continue // not in this kernel
		}
		h, err := e.namespace(k)
		if errors.Is(err, fs.ErrPermission) { // the same for every kind
			e.line("", "%s", hidden(err))
			return
		}
		if err != nil { // a zombie has left some
			e.line(k.String(), "%s", hidden(err))
			continue
		}
		words := "not shared with you"
		if h.Inode() == mine[k] {
			words = "shared with you"
			e.shared |= userns.SetOf(k)
		}
		e.known |= userns.SetOf(k)
		e.line(k.String(), "%d  %s; %s", h.Inode(), words, ownerWords(h))
		h.Close()
	}
}

// namespace opens a namespace through the open folder.
func (e *explanation) namespace(k userns.Kind) (*userns.Handle, error) {
	fd, err := unix.Openat(e.dir, "ns/"+k.String(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	h, err := userns.NewHandle(fd)
	if err != nil {
		unix.Close(fd)
	}
	return h, err
}

// ownerWords says whose a namespace is.
func ownerWords(h *userns.Handle) string {
	if h.Kind() == userns.User {
		maker := "made by an unknown user"
		if uid, err := h.OwnerUID(); err == nil {
			maker = "made by " + person(uid)
		}
		parent, err := h.Parent()
		if err != nil {
			return maker // the first, or that of the caller, whose parent nobody in it sees
		}
		defer parent.Close()
		return fmt.Sprintf("%s, below user namespace %d", maker, parent.Inode())
	}
	o, err := h.Owner()
	if err != nil {
		return "owned by a user namespace that you do not see"
	}
	defer o.Close()
	if uid, err := o.OwnerUID(); err == nil {
		return fmt.Sprintf("owned by user namespace %d of %s", o.Inode(), person(uid))
	}
	return fmt.Sprintf("owned by user namespace %d", o.Inode())
}
