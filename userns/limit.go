package userns

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Counts are numbers of namespaces, by their kind.
type Counts [kinds]int

// Unlimited leaves the limit of a kind as it is.
const Unlimited = -1

// Limits are the limits of namespaces, in /proc/sys/user, of the user namespace in
// which they were opened.
type Limits struct{ dir *launch.Var }

// OpenLimits appends: the limits of the process's user namespace are opened, to be set
// now and when /proc is another one.
func OpenLimits(p *launch.Program) Limits {
	p.Doing(forbid)
	l := Limits{p.Var("limits")}
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/proc/sys/user", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).To(l.dir)
	return l
}

const forbid = "forbid further namespaces"

// Set appends: of each kind there can be at most n namespaces that belong to the user
// namespace or one below it, for each user. Those that exist count, and stay. The
// kernel counts each mount that is not attached yet (open_tree(2), fsmount(2)) as a
// mount namespace. It needs CAP_SYS_RESOURCE to do and to undo, and a writable
// /proc/sys. Linux 5.6, namespaces(7).
func (l Limits) Set(p *launch.Program, n Counts) {
	p.Doing(forbid)
	fd := p.Var("file")
	for k := range Kind(kinds) {
		if n[k] == Unlimited {
			continue
		}
		text := strconv.Itoa(n[k])
		p.Call(unix.SYS_OPENAT, l.dir, "max_"+k.String()+"_namespaces", unix.O_WRONLY|unix.O_CLOEXEC).To(fd)
		p.Call(unix.SYS_WRITE, fd, text, len(text))
		p.Close(fd)
	}
}

// Only is the limit n of one kind.
func Only(k Kind, n int) Counts {
	var c Counts
	for i := range c {
		c[i] = Unlimited
	}
	c[k] = n
	return c
}

// Close appends: they are set no more.
func (l Limits) Close(p *launch.Program) { p.Close(l.dir) }
