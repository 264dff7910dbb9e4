package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/seccomp"
)

func (f *runFlags) whyFlag() {
	f.set.BoolVar(&f.why, "why", false, "in the end tell which system calls the filter has refused, and which flag allows each")
}

// tellRefused says which system calls were refused.
//
//	usandbox: refused: mount 3 times (first by mount): --allow-syscalls mount
func (r *running) tellRefused() {
	if !r.c.ReportRefused {
		return
	}
	list, others := r.c.Refused()
	var text strings.Builder
	for _, x := range list {
		fmt.Fprintf(&text, "usandbox: refused: %s %s%s: %s\n", x.Call, times(x.Count), by(x), r.allows(x.Call))
	}
	if others > 0 {
		fmt.Fprintf(&text, "usandbox: refused: other calls %s, of more kinds than are counted\n", times(others))
	}
	if len(list) == 0 {
		text.WriteString("usandbox: refused: no system call\n")
	}
	os.Stderr.WriteString(text.String())
}

func times(n uint64) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

// by says who made the calls, and if it mostly does not matter that they fail.
func by(x sandbox.Refused) string {
	var notes []string
	switch {
	case x.Program == "":
	case x.Count == 1:
		notes = append(notes, "by "+printable(x.Program))
	default:
		notes = append(notes, "first by "+printable(x.Program))
	}
	if x.Errno == unix.ENOSYS {
		notes = append(notes, "as on a kernel without it")
	}
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, ", ") + ")"
}

// allows is the flag that allows a call, or why there is none.
func (r *running) allows(call seccomp.Call) string {
	if r.c.Policy.Seccomp.Off {
		return "by the filter of --seccomp " + printable(r.filter)
	}
	groups := seccomp.Allowing(call, r.c.Policy.Openings()...)
	if len(groups) == 0 {
		return "no --allow-syscalls allows it"
	}
	return "--allow-syscalls " + strings.Join(groups, ",")
}
