package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Options change the default filter.
type Options struct {
	// Open are names of what is allowed beside (see Openings). Warning: each is a part of
	// the kernel in which there were ways out.
	Open []string

	// NoMPTCP denies multipath TCP sockets: rules about the addresses of a TCP
	// connection do not see those of its other paths.
	NoMPTCP bool
}

// Default is the filter of a sandbox that was told nothing: what a build, a compiler, a
// debugger, a runtime of a language needs is allowed, and what is known as a way to
// attack the kernel, or out of a sandbox, is not. Each of open allows one more of
// Openings; one that does not exist is an error.
func Default(open ...string) (Policy, error) { return Options{Open: open}.Default() }

// Default is the default filter with these options.
func (o Options) Default() (Policy, error) {
	open, err := opened(o.Open)
	if err != nil {
		return Policy{}, err
	}
	p := Policy{
		Default: Action{Kind: Allow},
		Unknown: Fails(unix.ENOSYS),
		Arches:  []Arch{Native},
	}
	for _, a := range Processor() {
		if slices.Contains(open, a.String()) {
			p.Arches = append(p.Arches, a)
		}
	}
	for _, r := range defaultRules() {
		if !slices.Contains(open, r.Opens) {
			p.Rules = append(p.Rules, r)
		}
	}
	if o.NoMPTCP {
		p.Rules = append(p.Rules, Rule{Action: Fails(unix.EPROTONOSUPPORT), Calls: []string{"socket"}, When: []Condition{
			{Arg: 2, Op: Equal, Value: unix.IPPROTO_MPTCP},
		}})
	}
	return p, nil
}

// Program is the default filter with these options, compiled. That without any is part
// of this package as it is.
func (o Options) Program() (Program, error) {
	if made := madeBefore(); made != "" && len(o.Open) == 0 && !o.NoMPTCP {
		return instructions([]byte(made)), nil
	}
	p, err := o.Default()
	if err != nil {
		return nil, err
	}
	return p.Compile()
}

// madeBefore is the default filter of this build's processor; "": there is none.
func madeBefore() string {
	switch Native {
	case AMD64:
		return defaultAMD64
	case ARM64:
		return defaultARM64
	}
	return ""
}

// Opening is something that the default filter denies and that can be allowed.
type Opening struct {
	Name    string
	What    string   // what is allowed then, in a few words
	Implies []string // others that are allowed with it
}

// Openings are all that this build's processor has, by name.
func Openings() []Opening {
	list := []Opening{
		{"bpf", "bpf(2)", nil},
		{"chroot", "chroot(2)", nil},
		{"clone3", "clone3(2), whose namespace flags cannot be seen", nil},
		{"handles", "name_to_handle_at(2), open_by_handle_at(2)", nil},
		{"io_uring", "io_uring, whose operations are no system calls", nil},
		{"keyring", "the kernel's keyrings: add_key(2), keyctl(2), request_key(2)", nil},
		{"mount", "the calls that mount and unmount; pivot_root(2)", []string{"openat2"}},
		{"namespaces", "setns(2); unshare(2) and clone(2) of namespaces", nil},
		{"obsolete", "calls that nothing uses any more", nil},
		{"openat2", "openat2(2), whose mode cannot be seen", nil},
		{"packet", "packet(7) sockets, and every protocol of netlink(7)", nil},
		{"perf", "perf_event_open(2)", nil},
		{"personality", "every personality(2)", nil},
		{"setuid", "set-user-id and set-group-id bits in the modes of files", nil},
		{"sockets", "every family and protocol of sockets", []string{"packet"}},
		{"system", "what is about the machine: modules, kexec, reboot, swap, quotas, accounting, the kernel's log, ports", nil},
		{"terminal", "TIOCSTI, TIOCLINUX and TIOCSETD of terminals", nil},
		{"userfaultfd", "userfaultfd(2)", nil},
		{"userns", "further user namespaces, and what a sandbox in the sandbox needs", []string{"namespaces", "mount", "chroot", "clone3", "openat2"}},
	}
	for _, a := range Processor()[1:] {
		list = append(list, Opening{a.String(), "programs for " + a.String(), nil})
	}
	slices.SortFunc(list, func(a, b Opening) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// opened are the names with those that they imply.
func opened(names []string) ([]string, error) {
	var open []string
	if len(names) == 0 {
		return nil, nil
	}
	list := Openings()
	for _, name := range names {
		i := slices.IndexFunc(list, func(o Opening) bool { return o.Name == name })
		if i < 0 {
			var known []string
			for _, o := range list {
				known = append(known, o.Name)
			}
			return nil, fmt.Errorf("unknown group %q (known: %s)", name, strings.Join(known, ", "))
		}
		open = append(append(open, name), list[i].Implies...)
	}
	return open, nil
}
