package launch

import (
	"strings"

	"golang.org/x/sys/unix"
)

// failing is how a standalone image tells of a failure, where it is not as usual.
type failing struct {
	begin string
	code  int
	words map[string]string
}

// FailAs says what a standalone image writes in front of the words of a step that failed,
// and the code that it ends with, in place of "usandbox: " and [ExitSetup]. Errors are then
// worded as strerror(3) does, and words of Doing that are in the map by those there. It is to be
// called before the first step.
func (p *Program) FailAs(begin string, code int, words map[string]string) {
	p.failing = &failing{begin, code, words}
}

// Die appends: write what FailAs says and the text to standard error, and end with its code.
func (p *Program) Die(text string) {
	p.Call(unix.SYS_WRITE, 2, p.begin()+text+"\n", len(p.begin()+text)+1).OnAny(nil)
	p.Call(unix.SYS_EXIT_GROUP, p.failCode())
}

// DieWith is Die with n bytes that v holds behind the text.
func (p *Program) DieWith(text string, v, n *Var) {
	for _, x := range [][2]any{{p.begin() + text, len(p.begin() + text)}, {v.Addr(), n}, {"\n", 1}} {
		p.Call(unix.SYS_WRITE, 2, x[0], x[1]).OnAny(nil)
	}
	p.Call(unix.SYS_EXIT_GROUP, p.failCode())
}

// begin is what a message starts with.
func (p *Program) begin() string {
	if p.failing != nil {
		return p.failing.begin
	}
	return argv0 + ": "
}

// failCode is the exit code of a failure.
func (p *Program) failCode() int {
	if p.failing != nil {
		return p.failing.code
	}
	return ExitSetup
}

// errorText is what is said about an errno.
func (p *Program) errorText(e unix.Errno) string {
	text := e.Error()
	if p.failing != nil { // Go's texts are those of the C library, with a small letter
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}
