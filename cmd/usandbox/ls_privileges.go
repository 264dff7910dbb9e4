package main

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/userns"
)

// privileges tells the capabilities, no_new_privs, seccomp and Landlock.
func (e *explanation) privileges() {
	if e.known.Minus(e.shared).Has(userns.User) {
		e.heading("capabilities, in its user namespace")
	} else {
		e.heading("capabilities")
	}
	text, err := e.read("status")
	if err == nil {
		var sets caps.Sets
		if sets, err = caps.ParseStatus(strings.NewReader(string(text))); err == nil {
			e.line("effective", "%s", capabilities(sets.Effective))
			if sets.Permitted != sets.Effective {
				e.line("permitted", "%s", capabilities(sets.Permitted))
			}
			if sets.Inheritable != caps.None {
				e.line("inheritable", "%s", capabilities(sets.Inheritable))
			}
			if sets.Ambient != caps.None {
				e.line("ambient", "%s", capabilities(sets.Ambient))
			}
			e.line("bounding", "%s", capabilities(sets.Bounding))
		}
	}
	if err != nil {
		e.line("", "%s", hidden(err))
	}
	e.heading("restrictions")
	switch e.status["NoNewPrivs"] {
	case "0":
		e.line("no_new_privs", "not set: a set-user-id program gives privileges")
	case "1":
		e.line("no_new_privs", "set: no program gives privileges")
	default:
		e.line("no_new_privs", "not shown by this kernel")
	}
	e.line("seccomp", "%s", seccompWords(e.status["Seccomp"], e.status["Seccomp_filters"]))
	e.line("Landlock", "%s", landlockWords())
}

// capabilities prints a set, a large one by what is missing.
func capabilities(s caps.Set) string {
	all, err := caps.All()
	if missing := all.Minus(s); err == nil && s != all && len(missing.List()) < len(all.List())/2 {
		return "all but " + missing.String()
	}
	return s.String()
}

// seccompWords tells the two lines of /proc/PID/status.
func seccompWords(mode, filters string) string {
	switch {
	case mode == "0":
		return "none"
	case mode == "1":
		return "strict: read, write and exit alone"
	case mode == "2" && filters != "":
		return "by " + count(filters, "filter")
	case mode == "2":
		return "by filters"
	}
	return "not shown by this kernel"
}

// landlockWords tells what can be known: no file or system call of the kernel says
// whether a process is in a Landlock domain.
func landlockWords() string {
	const version = 1 // LANDLOCK_CREATE_RULESET_VERSION
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, version)
	if errno != 0 {
		return "none: this kernel has it not, or not switched on"
	}
	return "not shown by the kernel, which has ABI " + strconv.Itoa(int(abi))
}
