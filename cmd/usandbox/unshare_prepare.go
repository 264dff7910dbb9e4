package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/userns"
)

// prepare appends what happens in the new namespaces before the command runs, in
// its process.
func (p *unshareProgram) prepare() {
	s := p.spec
	if s.kinds.Has(userns.Mount) {
		from := len(p.Steps())
		userns.SetPropagation(p.Program, s.propagation)
		p.explain(from, unix.EINVAL, "the root is no mount point, as in a chroot: add --propagation unchanged")
	}
	if s.root != "" {
		from := len(p.Steps())
		p.Doing(fmt.Sprintf("change the root to %q (--root)", s.root))
		p.Call(unix.SYS_CHROOT, s.root)
		if !s.kinds.Has(userns.User) {
			p.explain(from, unix.EPERM, "an ordinary user needs a user namespace for that, as root in it: add -U -r")
		}
		p.Call(unix.SYS_CHDIR, "/") // else a relative --wd would lead out of it
	}
	if s.dir != "" {
		p.Doing(fmt.Sprintf("change to the working directory %q (--wd)", s.dir))
		p.Call(unix.SYS_CHDIR, s.dir)
	}
	p.mounts()
	p.becomeIDs()
	if s.keepCaps != caps.None {
		caps.Keep(p.Program, s.keepCaps)
	}
}

// mounts appends the file systems that are mounted.
func (p *unshareProgram) mounts() {
	const quiet = unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV
	s := p.spec
	if s.proc != "" {
		// Nothing of it shall be seen outside.
		if s.propagation == userns.Shared || s.propagation == userns.Unchanged {
			from := len(p.Steps())
			p.Doing(fmt.Sprintf("make the mount on %q private (--mount-proc)", s.proc))
			p.Call(unix.SYS_MOUNT, "none", s.proc, 0, unix.MS_PRIVATE|unix.MS_REC, 0)
			p.explain(from, unix.EINVAL, "it is no mount point, so that a mount there could be seen outside: drop --propagation, or bind mount it on itself")
		}
		from := len(p.Steps())
		p.Doing(fmt.Sprintf("mount proc on %q (--mount-proc)", s.proc))
		p.Call(unix.SYS_MOUNT, "proc", s.proc, "proc", quiet, 0)
		switch {
		case !s.kinds.Has(userns.PID) || !s.fork:
			p.explain(from, unix.EPERM, "a new user namespace may mount a proc of its own PID namespace only: add -p -f")
		default:
			p.explain(from, unix.EPERM, "the proc outside is partly covered, as in a container, and the kernel refuses a new one")
		}
	}
	if s.binfmt != "" {
		from := len(p.Steps())
		p.Doing(fmt.Sprintf("mount binfmt_misc on %q (--mount-binfmt)", s.binfmt))
		p.Call(unix.SYS_MOUNT, "binfmt_misc", s.binfmt, "binfmt_misc", quiet, 0)
		p.explain(from, unix.EPERM, "in a user namespace binfmt_misc needs Linux 6.7 or newer")
		p.explain(from, unix.ENODEV, "this kernel has no binfmt_misc, or its module is not loaded")
	}
}

// becomeIDs appends --setgid and --setuid. The supplementary groups are dropped with
// the group, where the user namespace allows setgroups(2).
func (p *unshareProgram) becomeIDs() {
	s := p.spec
	if s.gid == nil && s.uid == nil {
		return
	}
	from := len(p.Steps())
	if s.gid != nil {
		p.Doing(fmt.Sprintf("become group %d (--setgid)", *s.gid))
		if s.setgroupsAllowed {
			p.Call(unix.SYS_SETGROUPS, 0, 0)
		}
		p.Call(unix.SYS_SETRESGID, *s.gid, *s.gid, *s.gid)
	}
	if s.uid != nil {
		if s.keepCaps != caps.None {
			idmap.KeepCapabilities(p.Program)
		}
		p.Doing(fmt.Sprintf("become user %d (--setuid)", *s.uid))
		p.Call(unix.SYS_SETRESUID, *s.uid, *s.uid, *s.uid)
	}
	p.explain(from, unix.EINVAL, "an id that is not mapped cannot be taken on: map it, as by --map-auto or --map-users")
	if !s.kinds.Has(userns.User) {
		p.explain(from, unix.EPERM, "to change ids needs CAP_SETUID and CAP_SETGID")
	}
}
