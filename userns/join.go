package userns

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Joining is what [Join] enters: namespaces of a process, single namespaces, or
// both. The file descriptors are those of the process that runs the program.
type Joining struct {
	// Process is a pidfd, pidfd_open(2), and Kinds are the namespaces of that process
	// to join. With no Kinds, Process is not looked at.
	Process int
	Kinds   Set

	// Files are single namespaces, each by a file descriptor of its nsfs file
	// (/proc/PID/ns/net, or what is mounted from there). O_PATH does not suffice.
	Files map[Kind]int

	// UserLast is for a process that has CAP_SYS_ADMIN in its own user namespace: the
	// user namespace comes last, as what is joined before it may belong to one above.
	// For others it comes first: in it they have the capabilities that the rest needs.
	UserLast bool
}

// Join appends: the process joins namespaces, setns(2). What is a process's is joined
// by one call: all of Kinds or none. A PID namespace is joined by the children that
// are forked next; the process itself stays in its own. A mount namespace makes its
// root the process's root and working directory.
//
// It fails if a kind is in Kinds and in Files. When the steps run, they fail with
// EPERM where CAP_SYS_ADMIN is missing in the user namespace that a namespace belongs
// to (see [MayJoin]), in the one that the process is in then, or where the process of
// the pidfd may not be looked into (ptrace(2), PTRACE_MODE_READ_REALCREDS); with EINVAL
// for the user namespace that the process is in already, for a PID namespace that does
// not lie below its own, and for a file of another kind; with ESRCH if the process of
// the pidfd has ended.
//
// The process is not dumpable from before the first join on, until its next execve
// ([launch.Program.Undumpable]): nobody in the namespaces can look into it or trace it.
// A later change of its user or group ids may undo that. In a user namespace that it
// has joined it has every capability.
//
// Linux 5.8, for the pidfd; Files alone need the kernel that has their kind.
func Join(p *launch.Program, j Joining) error {
	type join struct {
		words string
		fd    int
		kinds Set
	}
	var joins []join
	if j.Kinds != 0 {
		joins = append(joins, join{"of the process", j.Process, j.Kinds})
	}
	for k := range Kind(kinds) {
		fd, ok := j.Files[k]
		if ok && j.Kinds.Has(k) {
			return fmt.Errorf("join namespaces: two of the kind %v", k)
		}
		if ok {
			joins = append(joins, join{"of a file", fd, SetOf(k)})
		}
	}
	slices.SortStableFunc(joins, func(a, b join) int {
		switch user := a.kinds.Has(User); {
		case user == b.kinds.Has(User):
			return 0
		case user == j.UserLast:
			return 1
		}
		return -1
	})
	if len(joins) > 0 {
		p.Undumpable()
	}
	for _, x := range joins {
		p.Doing(fmt.Sprintf("join the %v namespace %s", x.kinds, x.words))
		p.Call(unix.SYS_SETNS, x.fd, x.kinds.Flags())
		if x.kinds.Has(User) {
			p.Undumpable() // the new credentials may have undone it
		}
	}
	return nil
}
