package userns

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Propagation is what the mounts of a new mount namespace and of the one it was
// copied from see of each other's changes, mount_namespaces(7). The zero value is
// Private.
type Propagation uint8

const (
	Private   Propagation = iota // nothing
	Slave                        // it sees those outside, not the reverse
	Shared                       // both ways, in a namespace of the same owner. Warning: mounts inside appear outside
	Unchanged                    // as it was outside. Warning: likewise, where that is shared
)

var propagations = [...]struct {
	name string
	flag int
}{
	Private:   {"private", unix.MS_PRIVATE},
	Slave:     {"slave", unix.MS_SLAVE},
	Shared:    {"shared", unix.MS_SHARED},
	Unchanged: {"unchanged", 0},
}

// String is the name that ParsePropagation reads.
func (g Propagation) String() string { return propagations[g].name }

// ParsePropagation reads private, slave, shared or unchanged.
func ParsePropagation(text string) (Propagation, error) {
	for g, x := range propagations {
		if x.name == text {
			return Propagation(g), nil
		}
	}
	return 0, fmt.Errorf("%q is not one of private, slave, shared, unchanged", text)
}

// SetPropagation appends: every mount of the process's mount namespace gets that
// propagation. The process's root has to be a mount point.
func SetPropagation(p *launch.Program, g Propagation) {
	if g == Unchanged {
		return
	}
	p.Doing("make every mount " + g.String())
	p.Call(unix.SYS_MOUNT, "none", "/", 0, unix.MS_REC|propagations[g].flag, 0)
}
