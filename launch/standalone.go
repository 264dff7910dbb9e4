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

// errorTexts is an array of struct iovec: what a standalone image says behind the
// step's words about the errnos 1 to 127; the first entry is for any other.
func (p *Program) errorTexts() Arg {
	var words []any
	for e := range unix.Errno(128) {
		text := ": " + p.errorText(e) + "\n"
		if e == 0 {
			text = ": unexpected error\n"
		}
		words = append(words, text, len(text))
	}
	return Words("errors", words...)
}

// failWithWords appends the handler of failures of a standalone image.
func (p *Program) failWithWords() {
	p.now = &context{process: "failure", doing: "report a failure"}
	p.onFail = p.Label("failure")
	p.Here(p.onFail)
	begin := p.begin()
	p.Call(unix.SYS_WRITE, 2, begin, len(begin)).OnAny(nil)
	p.Call(unix.SYS_WRITE, 2, failText, failLen).OnAny(nil)
	iovec, known := p.Var("iovec"), p.Label("errno_known")
	p.And(iovec, failErrno, 127)
	p.If(iovec, ^uint64(0), failErrno, known)
	p.And(iovec, 0, 0)
	p.Here(known)
	for range 4 { // an entry has 16 bytes
		p.Add(iovec, iovec, iovec)
	}
	p.Add(iovec, iovec, p.errorTexts())
	p.Call(unix.SYS_WRITEV, 2, iovec, 1).OnAny(nil)
	p.Call(unix.SYS_EXIT_GROUP, p.exitCode())
}

// exitCode is the word that holds the exit code of a failure.
func (p *Program) exitCode() *Var {
	if p.own.exitCode == nil {
		p.own.exitCode = p.Data("exit_code", 8, p.failCode())
	}
	return p.own.exitCode
}

// willExit appends: a failure from here on ends with an exit code of its own.
func (p *Program) willExit(code int) {
	if p.standing {
		p.Add(p.exitCode(), code, 0)
	}
}
