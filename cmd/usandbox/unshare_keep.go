package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// checkKept refuses files that no namespace can be kept on.
func (f *unshareFlags) checkKept() error {
	for _, k := range f.spec.keep {
		flag := flagOf(k.kind)
		info, err := os.Stat(k.file)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return hinted{flagError(flag, fmt.Errorf("%s: the file does not exist", k.file)), "touch " + k.file}
		case err != nil:
			return flagError(flag, err)
		case info.IsDir():
			return flagError(flag, fmt.Errorf("%s is a folder; a namespace is kept on a file", k.file))
		case k.kind == userns.PID && !f.spec.fork:
			return hinted{flagError(flag, errors.New("a PID namespace is kept once there is a process in it")), "add --fork"}
		}
		sets, err := caps.Of(0)
		if err != nil {
			return flagError(flag, err)
		}
		if !sets.Effective.Has(unix.CAP_SYS_ADMIN) {
			return hinted{flagError(flag, fmt.Errorf("to keep a namespace on %s is to mount it there, which takes CAP_SYS_ADMIN", k.file)),
				"do it in a mount namespace of your own: begin with usandbox unshare -U -r -m"}
		}
	}
	return nil
}

// flagOf is the flag for a kind of namespace.
func flagOf(k userns.Kind) string {
	for _, x := range kindFlags {
		if x.kind == k {
			return x.name
		}
	}
	panic("BUG: a kind without a flag")
}

// keepFiles appends, in the helper: keep the namespaces, all or none. A process of
// its own does it, in the helper's memory: if that fails, the helper undoes what it
// has counted.
func (p *unshareProgram) keepFiles() {
	child, pid, status, kept := p.Label("keep"), p.Var("pid"), p.Var("status"), p.Var("kept")
	p.Doing("fork")
	p.Call(unix.SYS_CLONE, unix.CLONE_VM|unix.CLONE_VFORK|uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid)
	p.If(pid, ^uint64(0), 0, child)
	p.Call(unix.SYS_WAIT4, pid, status.Addr(), 0, 0)
	done, undo := p.Label("all_kept"), make([]*launch.Label, len(p.spec.keep))
	p.If(status, 0xffff, 0, done)
	for i := 1; i < len(undo); i++ {
		undo[i] = p.Label("undo")
		p.If(kept, ^uint64(0), i, undo[i])
	}
	p.Jump(p.refusal(""))
	for i := len(undo) - 1; i > 0; i-- {
		p.Here(undo[i])
		userns.Discard(p.Program, p.spec.keep[i-1].file)
	}
	p.Jump(p.refusal(""))
	p.Here(child)
	for _, k := range p.spec.keep {
		from := len(p.Steps())
		userns.Keep(p.Program, k.kind, p.spec.pid, k.file)
		if k.kind == userns.Mount {
			// Linux 6.18 takes the numbers of mount namespaces for their ages, and gives
			// them out by processor.
			p.explain(from, unix.EINVAL, "the mount that the file lies on is shared with others: use one made by mount --bind and mount --make-private; "+
				"or, on Linux 6.18, the mount namespace outside was made on another processor: begin both with taskset -c 0")
		}
		p.explain(from, unix.EPERM, "do it in a mount namespace of your own: begin with usandbox unshare -U -r -m")
		p.Add(kept, kept, 1)
	}
	p.Here(done)
	p.Call(unix.SYS_EXIT_GROUP, 0)
}
