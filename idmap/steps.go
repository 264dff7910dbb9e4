package idmap

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Write appends: the process writes a map for its own user namespace, which it
// has just created. An unprivileged process may map one id only, its own. For
// [GID], setgroups(2) is denied before, as the kernel asks: else a process could
// drop a group whose members a file shuts out (CVE-2018-7169).
func Write(p *launch.Program, k Kind, m Map) { WriteFrom(p, nil, k, m) }

// WriteFrom is Write where the proc that is open as proc, which need not be on /proc, is the
// one of the process's PID namespace or of one above.
func WriteFrom(p *launch.Program, proc *launch.Var, k Kind, m Map) {
	if k == GID {
		p.Doing("deny setgroups")
		writeIn(p, proc, "setgroups", "deny")
	}
	p.Doing("write " + k.mapFile())
	writeIn(p, proc, k.mapFile(), m.Text())
}

// Setgroups appends: setgroups(2) is denied in the process's own user namespace and
// all below, for good, which is possible as long as that has no gid map; or it is
// made sure that it is allowed: the kernel answers EPERM where it has been denied.
func Setgroups(p *launch.Program, allow bool) {
	text := "deny"
	if allow {
		text = "allow"
	}
	p.Doing(text + " setgroups")
	writeIn(p, nil, "setgroups", text)
}

// WriteOf appends: the process writes a map for the user namespace, created and
// without maps yet, of the process whose id in the process's own PID namespace is
// pid. It needs CAP_SETUID or CAP_SETGID in the namespace above, and a proc on /proc.
func WriteOf(p *launch.Program, k Kind, pid int, m Map) {
	p.Doing("write " + k.mapFile())
	write(p, unix.AT_FDCWD, fmt.Sprintf("/proc/%d/%s", pid, k.mapFile()), m.Text())
}

// ExecHelper appends, in a process that is in the namespace above: write a map for
// the user namespace of the process pid, as /proc numbers it, by executing newuidmap
// or newgidmap, which ends the process. What the helper takes is as for [Install];
// what it says against it goes to standard error, and it ends with a code that is
// not 0. Where it is missing the error is a [*HelperMissingError].
func ExecHelper(p *launch.Program, k Kind, pid int, m Map) error {
	path, ok := findHelper(helperDirs, k.helper())
	if !ok {
		return &HelperMissingError{Program: k.helper()}
	}
	p.Doing("run " + path)
	p.Call(unix.SYS_CHDIR, "/")
	p.Call(unix.SYS_EXECVE, path, launch.Strings(append([]string{path}, installArgs(pid, m)...)), launch.Strings(helperEnv))
	return nil
}

// writeIn writes to a file of the process's own in a proc; nil: the one on /proc.
func writeIn(p *launch.Program, proc *launch.Var, file, text string) {
	if proc == nil {
		write(p, unix.AT_FDCWD, "/proc/self/"+file, text)
		return
	}
	write(p, proc, "self/"+file, text)
}

func write(p *launch.Program, dir any, file, text string) {
	fd := p.Var("file")
	p.Call(unix.SYS_OPENAT, dir, file,
		unix.O_WRONLY|unix.O_CLOEXEC).To(fd)
	p.Call(unix.SYS_WRITE, fd, text, len(text))
	p.Close(fd)
}

// Become appends: the process takes on a user and a group id, for real, effective
// and saved, and with groups set gives up every supplementary group. It needs
// CAP_SETUID and CAP_SETGID in its user namespace. It stays able to be traced and
// to use its own files in /proc; its capabilities are lost unless the new user id
// is 0 or [KeepCapabilities] comes before.
func Become(p *launch.Program, uid, gid uint32, groups bool) {
	p.Doing(fmt.Sprintf("become user %d and group %d", uid, gid))
	if groups {
		p.Call(unix.SYS_SETGROUPS, 0, 0)
	}
	p.Call(unix.SYS_SETRESGID, gid, gid, gid)
	p.Call(unix.SYS_SETRESUID, uid, uid, uid)
	p.Call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
}

// KeepCapabilities appends: the process keeps its permitted capabilities when all
// its user ids become different from 0. The effective ones are cleared all the same.
func KeepCapabilities(p *launch.Program) {
	p.Doing("keep the capabilities over a change of ids")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1, 0, 0, 0)
}
