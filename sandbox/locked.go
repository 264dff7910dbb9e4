package sandbox

import (
	"errors"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

// A command with CAP_SYS_ADMIN can unmount, and make writable again, whatever was
// mounted in its own user namespace: what hides a file, what protects .git/hooks
// and, for a caller that is root, what keeps /proc/sys read-only. The kernel locks
// mounts together that a more privileged user namespace has made
// (mount_namespaces(7)). So such a command runs in a second user namespace below
// the one that built the tree, with the same ids, and in namespaces that belong to
// the second; the PID namespace alone is the first's. It can still leave the whole
// tree, with a file descriptor of a writable folder, below which it then meets no
// mount points: docs/security.md.

// second are the namespaces of the second user namespace.
var second = userns.SetOf(userns.User, userns.Mount)

// lockedCounts are the namespaces that there are in the first user namespace, and
// below it, when the command has moved into the second. It may mount, and each mount
// that is not attached yet counts as a mount namespace: those are not limited. Pasta is the
// program pasta(1), which makes some for itself.
func lockedCounts(policy *Policy, pasta bool) userns.Counts {
	n := userns.Counts{userns.User: 1, userns.Mount: userns.Unlimited}
	for _, k := range shareable.Minus(policy.Share).List() {
		n[k] = 1
	}
	if pasta {
		n[userns.IPC]++
		n[userns.UTS]++
	}
	return n
}

// firstChild is the process id of init's first child in a new PID namespace.
const firstChild = 2

// enterLocked appends, in the command: move into the second user namespace, and
// wait until init has written its maps.
func enterLocked(p *launch.Program, policy *Policy, meeting *launch.Rendezvous) {
	makeNamespacesLocked(p, policy, func() {
		p.Doing("wait for the second id maps")
		meeting.Ask()
	})
}

// lockChild appends, in init: write the maps of the command's user namespace. Init
// alone may write maps of more than one id there.
func lockChild(p *launch.Program, meeting *launch.Rendezvous, id identity) {
	p.Doing("wait for the second user namespace")
	meeting.Listen()
	idmap.WriteOf(p, idmap.UID, firstChild, id.uidMap.Identity())
	idmap.WriteOf(p, idmap.GID, firstChild, id.gidMap.Identity())
	p.Doing("let the command go on")
	meeting.Answer()
}

// lockAlone appends, in a command that is PID 1 itself: move into the second user
// namespace and write its maps, of one id each.
func lockAlone(p *launch.Program, policy *Policy, id identity) {
	makeNamespacesLocked(p, policy, func() {
		idmap.Write(p, idmap.UID, id.uidMap.Identity())
		idmap.Write(p, idmap.GID, id.gidMap.Identity())
	})
}

func makeNamespacesLocked(p *launch.Program, policy *Policy, maps func()) {
	userns.Unshare(p, second)
	maps()
	policy.Propagation.Set(p) // those of the first user namespace have become slaves
	makeNamespaces(p, policy, 0)
}

// checkLocked refuses what cannot be had together with a locked file tree.
func (p *Policy) checkLocked(locked bool) error {
	switch {
	case !locked:
		return nil
	case p.CommandIsInit && (len(p.UIDMap) > 0 || len(p.GIDMap) > 0):
		return &PolicyError{"CommandIsInit", errors.New("a command that is PID 1 cannot have both CAP_SYS_ADMIN and id maps of ranges")}
	case !p.hasProc():
		return &PolicyError{"Capabilities", errors.New("CAP_SYS_ADMIN needs a proc on /proc")}
	}
	return nil
}

// hasProc reports whether the file tree has a proc on /proc in the end.
func (p *Policy) hasProc() bool {
	found := false
	for _, e := range p.Files {
		if e.Where() == "/proc" {
			_, found = e.(mounts.Proc)
		}
	}
	return found
}
