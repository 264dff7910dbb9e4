package sandbox

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/seccomp"
)

// Seccomp is which system calls a command may make. Its zero value is the default
// filter, see [seccomp.Default].
type Seccomp struct {
	// Allow are names of what the default filter allows beside, see [seccomp.Openings].
	// Warning: each is a part of the kernel in which there were ways out.
	Allow []string

	// Off leaves the default filter out. Warning: without another one the command has
	// the kernel's whole interface.
	Off bool

	// Filters are loaded after the default filter, in order. A call gets the strictest
	// answer of all.
	Filters []seccomp.Program
}

// filters are the programs to load, in order.
func (p *Policy) filters(enterable bool) ([]seccomp.Program, error) {
	fail := func(err error) ([]seccomp.Program, error) { return nil, &PolicyError{"Seccomp", err} }
	s := &p.Seccomp
	var list []seccomp.Program
	switch {
	case s.Off && len(s.Allow) > 0:
		return fail(fmt.Errorf("%s: the default filter, of which it would be a part less, is not used", s.Allow[0]))
	case p.NoNamespaces != nil:
		prog, err := p.hostFilter()
		if err != nil {
			return fail(err)
		}
		list = append(list, prog)
	case !s.Off:
		prog, err := seccomp.Options{Open: p.opened()}.Program()
		if err != nil {
			return fail(err)
		}
		list = append(list, prog)
	}
	for i, prog := range s.Filters {
		if err := checkFilter(prog, enterable, i == len(s.Filters)-1); err != nil {
			return fail(err)
		}
	}
	return append(list, s.Filters...), nil
}

// Openings are the names of what the default filter allows, see [seccomp.Openings]: what
// is asked for, and what capabilities or UserNamespaces need.
func (p *Policy) Openings() []string { return p.opened() }

// opened are the names of what the default filter allows: what is asked for, and
// without which something else that is would be of no use.
func (p *Policy) opened() []string {
	open := p.Seccomp.Allow
	if p.UserNamespaces {
		open = append(slices.Clip(open), "userns")
	}
	if p.Capabilities == 0 {
		return open
	}
	for _, x := range []struct {
		capability caps.Cap
		groups     []string
	}{
		{unix.CAP_SYS_ADMIN, []string{"namespaces", "mount"}},
		{unix.CAP_SYS_CHROOT, []string{"chroot"}},
		{unix.CAP_NET_ADMIN, []string{"packet"}},
		{unix.CAP_NET_RAW, []string{"packet"}},
		{unix.CAP_PERFMON, []string{"perf"}},
		{unix.CAP_BPF, []string{"bpf"}},
		{unix.CAP_DAC_READ_SEARCH, []string{"handles"}},
		{unix.CAP_FSETID, []string{"setuid"}},
	} {
		if p.Capabilities.Has(x.capability) {
			open = append(slices.Clip(open), x.groups...)
		}
	}
	return open
}

// checkFilter refuses a filter under which the command could not be started, or its
// start could not fail. The steps after the loading would not come to an end.
func checkFilter(prog seccomp.Program, enterable, last bool) error {
	if err := prog.Check(); err != nil {
		return err
	}
	gets := func(name string) seccomp.Kind {
		nr, _ := seccomp.Number(seccomp.Native, name)
		return prog.Decide(seccomp.Call{Arch: seccomp.Native, Number: nr}).Kind
	}
	allows := func(name string) bool { k := gets(name); return k == seccomp.Allow || k == seccomp.Log }
	switch {
	case !allows("execve"):
		return errors.New("the system call filter forbids execve, by which the command is started")
	case enterable && !allows("execveat"):
		return errors.New("the system call filter forbids execveat, by which commands that enter are started")
	case !ends(prog):
		return errors.New("the system call filter lets exit_group fail, by which a process ends")
	case !last && !allows("seccomp"):
		return errors.New("a system call filter forbids seccomp, by which the next one is loaded; it has to be the last")
	}
	return nil
}

// ends reports whether a start that fails comes to its end under a filter, with whatever
// exit code.
func ends(prog seccomp.Program) bool {
	nr, _ := seccomp.Number(seccomp.Native, "exit_group")
	for _, code := range [...]uint64{0, launch.ExitSetup, launch.ExitNotExecutable, launch.ExitNotFound} {
		switch prog.Decide(seccomp.Call{Arch: seccomp.Native, Number: nr, Args: [6]uint64{code}}).Kind {
		case seccomp.Errno, seccomp.Trace, seccomp.Notify:
			return false
		}
	}
	return true
}

// loadLast has the filters loaded right before the execve of the command and of
// whatever enters. Init is not under them: a filter may forbid what it needs, and it is
// protected by not being dumpable.
func loadLast(p *launch.Program, filters []seccomp.Program) {
	p.BeforeExec(func(failed *launch.Label) { load(p, filters, failed) })
}

// load appends the loading of filters. A failure goes on at failed, unless that is nil.
func load(p *launch.Program, filters []seccomp.Program, failed *launch.Label) {
	for _, f := range filters {
		if s := f.Load(p); failed != nil {
			s.OnAny(failed)
		}
	}
}

// Killed is what is to be told when a command, or the last one of a shell, was ended by
// SIGSYS under the default filter; "": it was not.
func Killed(status unix.WaitStatus) string { return (&Policy{}).Killed(status) }

// Killed is the same for a command under this policy.
func (p *Policy) Killed(status unix.WaitStatus) string {
	const ofShell = 128 + unix.SIGSYS
	if status.Signaled() && status.Signal() == unix.SIGSYS || status.Exited() && status.ExitStatus() == int(ofShell) {
		return p.killed()
	}
	return ""
}

// killed is the text; "": there is no filter.
func (p *Policy) killed() string {
	const which = "usandbox: the system call filter has killed a program"
	switch {
	case len(p.Seccomp.Filters) > 0:
		return which + "\n"
	case p.Seccomp.Off:
		return ""
	}
	other := seccomp.Processor()
	if len(other) == 1 {
		return which + "\n"
	}
	return which + ": most likely one for another processor architecture, 32-bit\nhint: usandbox run --allow-syscalls " + other[1].String() + "\n"
}

// tellKilled appends, in outer: say the text if the command's wait status is such a one.
func tellKilled(p *launch.Program, status *launch.Var, text string) {
	if text == "" {
		return
	}
	told, done := p.Label("killed_by_filter"), p.Label("not_killed_by_filter")
	p.If(status, 0x7f, uint64(unix.SIGSYS), told)
	p.If(status, 0xffff, (128+uint64(unix.SIGSYS))<<8, told)
	p.Jump(done)
	p.Here(told)
	p.Call(unix.SYS_WRITE, 2, text, len(text)).OnAny(nil)
	p.Here(done)
}
