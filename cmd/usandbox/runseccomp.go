package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/seccomp"
)

// openingNames are the names of seccomp.Openings that every processor has, for the help.
const openingNames = "bpf, chroot, clone3, handles, io_uring, keyring, mount, namespaces, obsolete, openat2, perf, " +
	"personality, setuid, sockets, system, terminal, userfaultfd, userns; i386 and x32, on arm64 arm"

func (f *runFlags) seccompFlags() {
	s := f.set
	s.StringArrayVar(&f.seccomp, "seccomp", nil, "the `FILTER` of system calls: default, none, or a file's in its place; repeatable, all hold")
	s.StringArrayVar(&f.allowSyscalls, "allow-syscalls", nil, "open a `GROUP[,GROUP]` of the default filter: "+openingNames+"; repeatable")
}

// setSyscalls sets the filter of system calls, after the capabilities.
func (f *runFlags) setSyscalls(p *sandbox.Policy) error {
	for _, arg := range f.seccomp {
		switch arg {
		case "default":
			continue
		case "none":
			if len(f.seccomp) > 1 {
				return flagError("seccomp", errors.New("none stands alone"))
			}
		default:
			program, once, err := seccompProgram(arg, p.Capabilities)
			if err != nil {
				return flagError("seccomp", err)
			}
			if once {
				f.consumed = "seccomp"
			}
			p.Seccomp.Filters = append(p.Seccomp.Filters, program)
		}
	}
	p.Seccomp.Off = len(f.seccomp) > 0 && !slices.Contains(f.seccomp, "default")
	for _, list := range f.allowSyscalls {
		for group := range strings.SplitSeq(list, ",") {
			if group == "userns" {
				p.UserNamespaces = true
			} else {
				p.Seccomp.Allow = append(p.Seccomp.Allow, group)
			}
		}
	}
	if p.Seccomp.Off && len(p.Seccomp.Allow) > 0 {
		return flagError("allow-syscalls", fmt.Errorf("%s is a group of the default filter, which --seccomp %s leaves out", p.Seccomp.Allow[0], f.seccomp[0]))
	}
	if len(p.Seccomp.Allow) == 0 {
		return nil
	}
	_, err := seccomp.Default(p.Seccomp.Allow...)
	return flagError("allow-syscalls", err)
}

// seccompProgram is the filter that an argument of --seccomp names. Once: it cannot be
// read once more.
func seccompProgram(arg string, _ caps.Set) (program seccomp.Program, once bool, err error) {
	return nil, false, fmt.Errorf("%q: want default or none", arg)
}

// tellKilled says that the filter has ended the command.
func (r *running) tellKilled() {
	if result := r.c.Result(); result != nil {
		fmt.Fprint(os.Stderr, r.c.Policy.Killed(result.Status))
	}
}
