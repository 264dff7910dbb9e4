package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/idmap"
)

// helper appends the fork of a process that waits, outside the namespaces to come,
// does work when it is told, and ends. What it returns appends, in the main process:
// tell it, and wait until it is done; if it fails, say so, unless failed is "", and
// end. If the main process ends before, the helper does nothing.
func (p *unshareProgram) helper(name, failed string, work func()) (tell func()) {
	pipe, r, w := p.Var(name+"_pipe"), p.Var(name+"_read"), p.Var(name+"_write")
	pid, n, status := p.Var(name+"_pid"), p.Var("n"), p.Var("status")
	child, told, next := p.Label(name), p.Label(name+"_told"), p.Label(name+"_forked")
	p.Doing("fork a helper")
	p.Call(unix.SYS_PIPE2, pipe.Addr(), unix.O_CLOEXEC)
	p.And(r, pipe, 0xffffffff)
	p.And(w, pipe.At(4), 0xffffffff)
	p.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid)
	p.If(pid, ^uint64(0), 0, child)
	p.Jump(next)

	p.Process(name)
	p.Here(child)
	p.Doing("wait until the namespaces are there")
	p.Close(w)
	p.Call(unix.SYS_READ, r, p.Var("byte").Addr(), 1).To(n)
	p.If(n, ^uint64(0), 1, told)
	p.Call(unix.SYS_EXIT_GROUP, exitSetup)
	p.Here(told)
	work()

	p.Process("unshare")
	p.Here(next)
	return func() {
		done := p.Label(name + "_done")
		p.Doing("wait for a helper")
		p.Call(unix.SYS_WRITE, w, "!", 1) // r is open here too, so there is a reader
		p.Call(unix.SYS_WAIT4, pid, status.Addr(), 0, 0)
		p.If(status, 0xffff, 0, done)
		p.Jump(p.refusal(failed))
		p.Here(done)
		p.Close(r, w)
	}
}

// mapHelpers appends the forks of those who write maps of ranges; what they return
// is for writeMaps.
func (p *unshareProgram) mapHelpers() (map[idmap.Kind]func(), error) {
	tell := map[idmap.Kind]func(){}
	for _, x := range []struct {
		kind idmap.Kind
		im   *idMapping
	}{{idmap.UID, &p.spec.uidMap}, {idmap.GID, &p.spec.gidMap}} {
		if len(x.im.m) == 0 || !x.im.ranges {
			continue
		}
		var err error
		failed := ""
		write := func() { idmap.WriteOf(p.Program, x.kind, p.spec.pid, x.im.m) }
		if os.Geteuid() != 0 {
			failed = fmt.Sprintf("usandbox: --%s: the program new%vmap refuses the map %v\n", x.im.flag, x.kind, x.im.m)
			write = func() { err = idmap.ExecHelper(p.Program, x.kind, p.spec.pid, x.im.m) }
		}
		tell[x.kind] = p.helper(x.kind.String()+"_map", failed, func() {
			write()
			p.Call(unix.SYS_EXIT_GROUP, 0)
		})
		if err != nil {
			return nil, flagError(x.im.flag, err)
		}
	}
	return tell, nil
}

// writeMaps appends the id maps of the new user namespace. A map of one id is
// written by the process itself, which has to deny setgroups for that.
func (p *unshareProgram) writeMaps(outside map[idmap.Kind]func()) {
	s := p.spec
	if tell := outside[idmap.UID]; tell != nil {
		tell()
	} else if len(s.uidMap.m) > 0 {
		from := len(p.Steps())
		idmap.Write(p.Program, idmap.UID, s.uidMap.m)
		if os.Geteuid() == 0 {
			p.explain(from, unix.EPERM, "to map the id 0 of the namespace above takes CAP_SETFCAP there")
		} else {
			p.explainUser(from, "write", unix.EPERM)
		}
	}
	tell := outside[idmap.GID]
	if s.setgroups == "deny" && (tell != nil || len(s.gidMap.m) == 0) {
		idmap.Setgroups(p.Program, false) // before there is a map
	}
	if tell != nil {
		tell()
	} else if len(s.gidMap.m) > 0 {
		idmap.Write(p.Program, idmap.GID, s.gidMap.m)
	}
	if s.setgroups == "allow" {
		idmap.Setgroups(p.Program, true)
	}
}
