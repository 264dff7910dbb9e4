package landlock

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Compile appends: make the domain and enter it, for good. The process has no_new_privs
// set. Nothing is appended for an empty ruleset.
//
// A path of a rule that does not exist fails the program, and so does one of a file with
// rights that are not in [OfFile].
func (r Ruleset) Compile(p *launch.Program) {
	if r.Empty() {
		return
	}
	ruleset := p.Var("ruleset")
	p.Doing("make the Landlock ruleset")
	p.Call(unix.SYS_LANDLOCK_CREATE_RULESET, r.attr(), r.attrSize(), 0).To(ruleset)
	if r.HandledFiles != 0 {
		for _, f := range r.Files {
			r.path(p, ruleset, f)
		}
		for _, fd := range r.Open {
			r.open(p, ruleset, fd)
		}
	}
	for port, access := range ports(r.Bind, r.Connect) {
		p.Doing("allow TCP port " + strconv.Itoa(int(port)))
		p.Call(unix.SYS_LANDLOCK_ADD_RULE, ruleset, ruleNetPort, launch.Words(access.String(), uint64(access), uint64(port)), 0)
	}
	p.Doing("enter the Landlock domain")
	p.Call(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, uint64(r.Log))
	p.Close(ruleset)
}

// CompileFor is Compile for a program that may run on another kernel than this one: if that
// is older than the ruleset, the program goes on at without; nil: it fails with EOPNOTSUPP.
func (r Ruleset) CompileFor(p *launch.Program, without *launch.Label) {
	if r.Empty() {
		return
	}
	least := r.least()
	p.Doing(fmt.Sprintf("look for Landlock, ABI %d or newer", least))
	abi, old := p.Var("abi"), without
	if old == nil {
		old = p.Label("no_landlock")
	}
	// EPERM is a container's system call filter.
	p.Call(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION).To(abi).
		On(unix.ENOSYS, old).On(unix.EOPNOTSUPP, old).On(unix.EPERM, old)
	for i := range least {
		p.If(abi, ^uint64(0), i, old)
	}
	if without == nil {
		there := p.Label("landlock")
		p.Jump(there)
		p.Here(old)
		p.Fail(unix.EOPNOTSUPP)
		p.Here(there)
	}
	r.Compile(p)
}

// path appends: add the rule for a path.
func (r Ruleset) path(p *launch.Program, ruleset *launch.Var, f Path) {
	fd, rule := f.FD, p.Data(f.Rights.String(), 16, uint64(f.Rights), 0) // a struct landlock_path_beneath_attr
	p.Doing("allow access to " + f.Name)
	if fd == nil {
		if fd = p.Var("path"); r.Stepwise {
			stepwise(p, f.Name, fd)
		} else {
			p.Call(unix.SYS_OPENAT2, unix.AT_FDCWD, f.Name, exactly, sizeofHow).To(fd)
		}
		defer p.Close(fd)
	}
	p.Add(rule.At(8), fd, 0)
	add := p.Call(unix.SYS_LANDLOCK_ADD_RULE, ruleset, unix.LANDLOCK_RULE_PATH_BENEATH, rule.Addr(), 0)
	if f.FD != nil {
		add.On(unix.EBADF, nil)
	}
}

// stepwise appends: open a path, one name after the other. A symlink on the way is no folder
// (ENOTDIR), and at the end has no rights of a folder (EINVAL).
func stepwise(p *launch.Program, name string, fd *launch.Var) {
	const flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	above := p.Var("folder")
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/", flags).To(fd)
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return c == '/' }) {
		p.Add(above, fd, 0)
		p.Call(unix.SYS_OPENAT, above, part, flags).To(fd)
		p.Close(above)
	}
}

// open appends: add the rule for what is open, as it is open. The kernel has no rule for
// what is in no file system (EBADFD), and needs none to open it.
func (r Ruleset) open(p *launch.Program, ruleset *launch.Var, fd int) {
	n := strconv.Itoa(fd)
	p.Doing("allow file descriptor " + n + " to be opened anew")
	mode, next, reads, writes := p.Var("mode"), p.Label("next_fd_"+n), p.Label("fd_reads_"+n), p.Label("fd_writes_"+n)
	add := func(rights Rights) *launch.Step {
		attr := launch.Words((rights & r.HandledFiles).String(), uint64(rights&r.HandledFiles), fd)
		return p.Call(unix.SYS_LANDLOCK_ADD_RULE, ruleset, unix.LANDLOCK_RULE_PATH_BENEATH, attr, 0).On(unix.EBADFD, next)
	}
	p.Call(unix.SYS_FCNTL, fd, unix.F_GETFL, 0).To(mode).On(unix.EBADF, next)
	if fd > 2 {
		file := p.Label("fd_file_" + n)
		add(Read|Write|IoctlDev).On(unix.EINVAL, file) // it is one: not for a file
		p.Jump(next)
		p.Here(file)
	}
	p.If(mode, unix.O_ACCMODE, unix.O_RDONLY, reads)
	p.If(mode, unix.O_ACCMODE, unix.O_WRONLY, writes)
	add(OfFile)
	p.Jump(next)
	p.Here(reads)
	add(Execute | ReadFile | IoctlDev)
	p.Jump(next)
	p.Here(writes)
	add(WriteFile | Truncate | IoctlDev)
	p.Here(next)
}

// attr is a struct landlock_ruleset_attr.
func (r Ruleset) attr() launch.Arg {
	le := binary.LittleEndian
	b := le.AppendUint64(nil, uint64(r.HandledFiles))
	b = le.AppendUint64(b, uint64(r.HandledTCP))
	b = le.AppendUint64(b, uint64(r.Scoped))
	return launch.Struct(fmt.Sprintf("files 0x%x tcp 0x%x scoped 0x%x", uint64(r.HandledFiles), uint64(r.HandledTCP), uint64(r.Scoped)), b[:r.attrSize()])
}

// attrSize is how much of it is used: older kernels know only its beginning.
func (r Ruleset) attrSize() int {
	switch {
	case r.Scoped != 0:
		return 24
	case r.HandledTCP != 0:
		return 16
	}
	return 8
}

const (
	sizeofHow   = 24
	ruleNetPort = 2 // LANDLOCK_RULE_NET_PORT
)

// exactly is a struct open_how, openat2(2), that follows no symlink.
var exactly = launch.Struct("O_PATH RESOLVE_NO_SYMLINKS", how(unix.O_PATH|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS))

func how(flags, resolve uint64) []byte {
	le := binary.LittleEndian
	return le.AppendUint64(le.AppendUint64(le.AppendUint64(nil, flags), 0), resolve)
}
