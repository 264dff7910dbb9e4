package launch

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Op is what a step does. The numbers are known to the interpreters.
type Op uint8

const (
	OpCall Op = iota // a system call
	OpIf             // jump if a & b == c
	OpAnd            // save a & b
	OpAdd            // save a + b
	OpFail           // fail with errno a
	OpArgs           // collect the image's own arguments and environment (see Program.OwnArgs)
)

// anyErrno stands for every errno in a step's tolerated errors.
const anyErrno = unix.Errno(0xffffffff)

// maxOn is the number of tolerated errors that a step's record has room for.
const maxOn = 3

// on is what to do on one errno instead of failing.
type on struct {
	errno  unix.Errno
	target *Label // nil: go on with the next step
}

// Step is one step of a [Program]: an operation, its arguments, where its
// result goes, the errors that are tolerated, and the words for its own failure.
type Step struct {
	*context
	args  []Arg
	on    []on
	save  *Var
	nr    uint32
	op    Op
	retry bool
	exec  bool // its failure is the command's: not found, or not executable
}

// context is what neighbouring steps have in common.
type context struct {
	process string // which process runs them: "outer", "init", "command"
	doing   string // what is being done, as the start of an error message
	origin  string // the flag or profile line that asked for it; may be empty
}

// Process is the process that runs the step: "outer", "init", "command".
func (s *Step) Process() string { return s.process }

// Doing is what the step is for, as the start of an error message.
func (s *Step) Doing() string { return s.doing }

// Origin is the flag or profile line that asked for the step; may be empty.
func (s *Step) Origin() string { return s.origin }

// To saves the step's result in v.
func (s *Step) To(v *Var) *Step { s.save = v; return s }

// On tolerates errno: the program goes on at target, or with the next step if
// target is nil. At most three errors a step.
func (s *Step) On(errno unix.Errno, target *Label) *Step {
	if len(s.on) == maxOn {
		panic("BUG: launch: more tolerated errors than a step can hold")
	}
	s.on = append(s.on, on{errno, target})
	return s
}

// OnAny tolerates every error.
func (s *Step) OnAny(target *Label) *Step { return s.On(anyErrno, target) }

// Retry repeats the step on EAGAIN, at most 1,000 times: openat2(2) gives it
// whenever anything is renamed meanwhile. EINTR is always repeated.
func (s *Step) Retry() *Step { s.retry = true; return s }

// Call is the name of the system call, or of the operation.
func (s *Step) Call() string {
	switch s.op {
	case OpIf:
		return "if"
	case OpAnd:
		return "and"
	case OpAdd:
		return "add"
	case OpFail:
		return "fail"
	case OpArgs:
		return "args"
	}
	return callName(uintptr(s.nr))
}

// String is the step as a plan prints it: the call, its arguments, its result,
// and where it goes on errors.
func (s *Step) String() string {
	var b strings.Builder
	switch s.op {
	case OpIf:
		if s.args[1].kind == argNumber && s.args[1].num == 0 {
			return fmt.Sprintf("goto %v", s.on[0].target)
		}
		return fmt.Sprintf("if %v & %v == %v goto %v", s.args[0], s.args[1], s.args[2], s.on[0].target)
	case OpAnd:
		fmt.Fprintf(&b, "%v & %v", s.args[0], s.args[1])
	case OpAdd:
		fmt.Fprintf(&b, "%v + %v", s.args[0], s.args[1])
	default:
		b.WriteString(s.Call())
		b.WriteByte('(')
		for i, a := range s.args {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(s.symbolic(i, a))
		}
		b.WriteByte(')')
	}
	if s.save != nil {
		b.WriteString(" = " + s.save.String())
	}
	for _, o := range s.on {
		name := "error"
		if o.errno != anyErrno {
			name = unix.ErrnoName(o.errno)
		}
		fmt.Fprintf(&b, "; %s: %v", name, o.target)
	}
	return b.String()
}
