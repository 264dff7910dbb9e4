package userns

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Keep appends: the namespace of kind k of the process pid stays until file, which
// has to exist, is unmounted, however many processes are in it: it is bind mounted
// there. For PID and time it is the namespace of that process's next children, of
// whom there must have been one for PID.
//
// The process that does it needs CAP_SYS_ADMIN in the user namespace that owns its
// mount namespace. A mount namespace can only be kept from outside of it, and where
// no other mount gets by propagation what is mounted, else the kernel answers EINVAL.
// Linux 6.18 does so also at times where the two mount namespaces were made on
// different processors.
func Keep(p *launch.Program, k Kind, pid int, file string) {
	p.Doing(fmt.Sprintf("keep the %v namespace on %q", k, file))
	p.Call(unix.SYS_MOUNT, k.Path(strconv.Itoa(pid)), file, 0, unix.MS_BIND, 0)
}

// Discard appends: undo Keep, as far as it was done.
func Discard(p *launch.Program, file string) {
	p.Doing(fmt.Sprintf("unmount %q", file))
	p.Call(unix.SYS_UMOUNT2, file, unix.MNT_DETACH).OnAny(nil)
}
