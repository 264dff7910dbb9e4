package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

// checkFiles refuses entries that show a namespace which the sandbox does not have
// for its own when they are mounted. The kernel would say no more than EPERM.
func (p *Policy) checkFiles() error {
	for _, e := range p.Files {
		kind, origin, host := userns.Kind(0), "", ""
		switch m := e.(type) {
		case mounts.Mqueue:
			kind, origin = userns.IPC, m.Origin
		case mounts.Sysfs:
			kind, origin, host = userns.Network, m.Origin, "/sys"
		case mounts.Cgroupfs:
			kind, origin, host = userns.Cgroup, m.Origin, "/sys/fs/cgroup"
		default:
			continue
		}
		refused := &mounts.Error{Entry: e, Doing: e.String(), Origin: origin}
		switch {
		case p.Share.Has(kind):
			refused.Err = fmt.Errorf("it needs the %v namespace to be the sandbox's own, and that is shared", kind)
			refused.Hint = fmt.Sprintf("leave out --share %v", kind)
			if host != "" {
				refused.Hint += ", or show the host's: --ro " + host
			}
		case p.Capabilities.Has(unix.CAP_SYS_ADMIN):
			refused.Err = fmt.Errorf("a command with CAP_SYS_ADMIN gets its %v namespace after the file tree is made", kind)
			refused.Hint = "leave it out: such a command can mount it itself"
		default:
			continue
		}
		return refused
	}
	return nil
}
