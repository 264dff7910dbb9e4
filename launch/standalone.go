package launch

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// NewStandalone returns an empty program whose image needs nobody: it is saved as
// a file and executed by itself. It says on standard error what it could not do,
// in the steps' words, and ends with code 125; with 127 or 126 if the command
// was not found or not executable.
func NewStandalone(fds int) *Program {
	p := New(fds)
	p.standing = true
	return p
}

// ForUser appends: go on only if the real user id is uid.
func (p *Program) ForUser(uid uint32) {
	p.Doing(fmt.Sprintf("check the user: this program was compiled for user id %d", uid))
	self, ok := p.Var("uid"), p.Label("right_user")
	p.Call(unix.SYS_GETUID).To(self)
	p.If(self, ^uint64(0), uid, ok)
	p.Fail(unix.EPERM)
	p.Here(ok)
}

// EnvRule decides on variables of the environment of a standalone image.
type EnvRule struct {
	Prefix string // of "KEY=value": "KEY=" for one variable, "LC_" for many, "" for all
	Keep   bool
}

// maxOwn bounds the arguments, and the variables of the environment, that a
// standalone image takes.
const maxOwn = 1 << 15

// OwnArgs appends: make argv of args and the image's own arguments behind them,
// and envp of env and what rules keep of the image's own environment (the first
// rule that fits decides; a variable that none fits is dropped). It returns
// their addresses.
func (p *Program) OwnArgs(args, env []string, rules []EnvRule) (argv, envp Arg) {
	p.Doing("take over arguments and environment")
	array := func(name string, list []string) *Var {
		v := p.Buffer(name, 8*(len(list)+maxOwn+1))
		for i, s := range list {
			p.Add(v.At(8*i), s, 0)
		}
		return v
	}
	var list []byte
	for _, r := range rules {
		verdict := byte(2)
		if r.Keep {
			verdict = 1
		}
		list = append(append(append(list, verdict), r.Prefix...), 0)
	}
	a, e := array("argv", args), array("envp", env)
	p.add(OpArgs, 0, []any{a.At(8 * len(args)).Addr(), maxOwn, e.At(8 * len(env)).Addr(), maxOwn, Struct("rules", append(list, 0))})
	return a.Addr(), e.Addr()
}

// told are the errors that a standalone image has words for.
var told = []unix.Errno{
	unix.EPERM, unix.ENOENT, unix.ESRCH, unix.EIO, unix.E2BIG, unix.ENOEXEC, unix.EAGAIN, unix.ENOMEM, unix.EACCES, unix.EBUSY,
	unix.EEXIST, unix.EXDEV, unix.ENODEV, unix.ENOTDIR, unix.EISDIR, unix.EINVAL, unix.EMFILE, unix.ENOSPC, unix.EROFS, unix.ENAMETOOLONG,
	unix.ENOSYS, unix.ELOOP, unix.EUSERS, unix.ECANCELED,
}

// failWithWords appends the handler of failures of a standalone image.
func (p *Program) failWithWords() {
	p.now = &context{process: "failure", doing: "report a failure"}
	p.onFail = p.Label("failure")
	p.Here(p.onFail)
	say := func(text string) { p.Call(unix.SYS_WRITE, 2, text, len(text)).OnAny(nil) }
	say("usandbox: ")
	p.Call(unix.SYS_WRITE, 2, failText, failLen).OnAny(nil)
	exit := p.Label("exit")
	labels := make([]*Label, len(told))
	for i, e := range told {
		labels[i] = p.Label(unix.ErrnoName(e))
		p.If(failErrno, ^uint64(0), int(e), labels[i])
	}
	say(": unexpected error; usandbox run with the same flags says more\n")
	p.Jump(exit)
	for i, e := range told {
		p.Here(labels[i])
		say(": " + e.Error() + "\n")
		p.Jump(exit)
	}
	p.Here(exit)
	p.Call(unix.SYS_EXIT_GROUP, p.exitCode())
}

// exitCode is the word that holds the exit code of a failure.
func (p *Program) exitCode() *Var {
	if p.own.exitCode == nil {
		p.own.exitCode = p.Data("exit_code", 8, ExitSetup)
	}
	return p.own.exitCode
}

// willExit appends: a failure from here on ends with an exit code of its own.
func (p *Program) willExit(code int) {
	if p.standing {
		p.Add(p.exitCode(), code, 0)
	}
}
