package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// unshareProgram is the program of an unshareSpec, as far as it is compiled.
//
// It runs in the calling process's own place, which has one thread then, so that it
// may make a user namespace. Beside it there may be helpers, which were forked
// before, stay outside the new namespaces and are gone before the command runs: one
// for each id map of ranges and one that mounts namespaces on files.
type unshareProgram struct {
	*launch.Program
	spec     *unshareSpec
	refusals []refusal
}

// refusal is a place in the program where it says something and ends.
type refusal struct {
	text  string
	label *launch.Label
}

// refusal is the place for a text; for "", which means that somebody else has said
// what is wrong, too.
func (p *unshareProgram) refusal(text string) *launch.Label {
	for _, r := range p.refusals {
		if r.text == text {
			return r.label
		}
	}
	r := refusal{text, p.Label(fmt.Sprintf("refuse_%d", len(p.refusals)))}
	p.refusals = append(p.refusals, r)
	return r.label
}

// explain gives the system calls from step from on a hint for when they fail with
// errno.
func (p *unshareProgram) explain(from int, errno unix.Errno, hint string) {
	if hint == "" {
		return
	}
	for _, s := range p.Steps()[from:] {
		switch s.Call() {
		case "if", "and", "add", "fail":
		default:
			e := launch.StepError{Doing: s.Doing(), Origin: s.Origin(), Errno: errno}
			s.On(errno, p.refusal(fmt.Sprintf("usandbox: %s\nhint: %s\n", printable(e.Error()), printable(hint))))
		}
	}
}

// explainUser is explain for steps that fail where user namespaces are forbidden.
func (p *unshareProgram) explainUser(from int, call string, errnos ...unix.Errno) {
	for _, e := range errnos {
		p.explain(from, e, sandbox.Hint(&launch.StepError{Doing: p.Steps()[from].Doing(), Call: call, Errno: e}))
	}
}

// setSize is the size of the kernel's sigset_t.
const setSize = 8

// sigset is the address of a set of signals.
func sigset(list ...unix.Signal) launch.Arg {
	var set uint64
	for _, s := range list {
		set |= 1 << (s - 1)
	}
	return launch.Struct(fmt.Sprint(list), binary.LittleEndian.AppendUint64(nil, set))
}

// compile makes the program. It fails where a helper program is missing.
func (s *unshareSpec) compile() (*launch.Program, error) {
	p := s.program()
	p.Process("unshare")
	p.Doing("name the process")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NAME, "usandbox", 0, 0, 0)
	p.Doing("make children waitable")
	p.Call(unix.SYS_RT_SIGACTION, uint64(unix.SIGCHLD), launch.Struct("default", make([]byte, 32)), 0, setSize)

	var keep func()
	if len(s.keep) > 0 {
		keep = p.helper("keep", "", p.keepFiles)
	}
	maps, err := p.mapHelpers()
	if err != nil {
		return nil, err
	}
	if s.owner != nil {
		idmap.Become(p.Program, s.owner.uid, s.owner.gid, true)
	}
	if s.kinds.Has(userns.User) {
		from := len(p.Steps())
		userns.Unshare(p.Program, userns.SetOf(userns.User))
		p.explainUser(from, "unshare", unix.EPERM, unix.ENOSPC, unix.EUSERS)
	}
	p.writeMaps(maps)
	p.unshareOthers()
	p.offsetClocks()
	if s.fork {
		p.forkCommand(keep)
	} else {
		p.prepare()
		if keep != nil {
			keep()
		}
	}
	p.Exec(printable(s.name), s.paths, launch.Strings(s.argv), launch.Secret("environment", s.env))

	p.Process("refusal")
	for i := 0; i < len(p.refusals); i++ {
		r := p.refusals[i]
		p.Doing("say what is wrong")
		p.Here(r.label)
		if r.text != "" {
			p.Call(unix.SYS_WRITE, 2, r.text, len(r.text)).OnAny(nil)
		}
		p.Call(unix.SYS_EXIT_GROUP, exitSetup)
	}
	return p.Program, nil
}

// unshareOthers appends the creation of all namespaces but the user namespace, to
// which they belong.
func (p *unshareProgram) unshareOthers() {
	others := p.spec.kinds.Minus(userns.SetOf(userns.User))
	from := len(p.Steps())
	userns.Unshare(p.Program, others)
	if !p.spec.kinds.Has(userns.User) {
		p.explain(from, unix.EPERM, "an ordinary user needs a user namespace for that, as root in it: add -U -r")
	} else if others != 0 {
		p.explainUser(from, "unshare", unix.EPERM) // AppArmor lets it be made, but gives no rights in it
	}
	p.explain(from, unix.ENOSPC, "there are too many, or none are allowed: see /proc/sys/user/max_*_namespaces")
	p.explain(from, unix.EINVAL, "this kernel was built without some of them")
}

// offset is one of a clock, which is called as its flag.
type offset struct {
	flag    string
	seconds int64
}

// offsets are those that are asked for.
func (s *unshareSpec) offsets() (list []offset) {
	if s.uptime != nil {
		list = append(list, offset{"boottime", *s.uptime})
	}
	if s.monotonic != nil {
		list = append(list, offset{"monotonic", *s.monotonic})
	}
	return list
}

// offsetClocks appends the offsets of the new time namespace.
func (p *unshareProgram) offsetClocks() {
	for _, c := range p.spec.offsets() {
		from := len(p.Steps())
		p.Origin(fmt.Sprintf("--%s %d", c.flag, c.seconds))
		userns.TimeOffset(p.Program, c.flag, c.seconds)
		p.explain(from, unix.ERANGE, "the clock may not be below zero, nor above 146 years")
	}
	p.Origin("")
}
