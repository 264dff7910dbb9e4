package mounts

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Propagation is what mounts and unmounts in one mount namespace do to another,
// mount_namespaces(7). Whatever it is, what happens inside is never seen on the
// host: the kernel lets nothing go from a mount namespace to one that belongs to a
// more privileged user namespace.
type Propagation uint8

const (
	// Private mounts give and take nothing. It is the zero value.
	Private Propagation = iota

	// Slave mounts take what is mounted and unmounted on the host later, below what
	// a [Bind] shows. Warning: that comes as the host has it, not read-only, and it
	// covers what entries have hidden or protected below the same folder.
	Slave

	// Shared mounts give to the mount namespaces that the command itself makes of
	// them, and take from those that are not less privileged.
	Shared

	// Unbindable mounts are private, and cannot be bound anywhere else.
	Unbindable
)

var propagations = []string{"private", "slave", "shared", "unbindable"}

func (m Propagation) String() string { return propagations[m] }

// ParsePropagation reads "private", "slave", "shared" or "unbindable".
func ParsePropagation(text string) (Propagation, error) {
	for i, name := range propagations {
		if name == text {
			return Propagation(i), nil
		}
	}
	return Private, fmt.Errorf("%q is not one of %s", text, strings.Join(propagations, ", "))
}

// Set appends: make every mount that the process sees shared or unbindable. The
// others are what they are when the tree is built.
func (m Propagation) Set(p *launch.Program) {
	flag := uint64(unix.MS_SHARED)
	switch m {
	case Unbindable:
		flag = unix.MS_UNBINDABLE
	case Shared:
	default:
		return
	}
	p.Doing("make every mount " + m.String())
	p.Call(unix.SYS_MOUNT, 0, "/", 0, unix.MS_REC|flag, 0)
}

// fromHost is what every mount of the caller's becomes, at first.
func (m Propagation) fromHost() (flag uint64, name string) {
	if m == Slave {
		return unix.MS_SLAVE, "a slave of the host's"
	}
	return unix.MS_PRIVATE, "private"
}
