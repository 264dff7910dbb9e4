package launch

import (
	"golang.org/x/sys/unix"
)

// Label is a place in a program that steps can jump to.
type Label struct {
	name string
	step int // index of the step it stands before; -1: not placed yet
}

func (l *Label) String() string {
	if l == nil {
		return "next"
	}
	return l.name
}

// Program is a list of steps, built in the order of the text. Building
// allocates and never fails; mistakes of the user's input are found before, and
// impossible programs are found by [Program.Image].
type Program struct {
	steps   []*Step
	labels  []*Label
	vars    []*Var
	room    []Step // allocated at once, for the steps to come
	argRoom []Arg

	now    *context
	onFail *Label

	fds        int   // number of fds that belong to the command: 0 .. fds-1
	standing   bool  // no caller watches: it is a program of its own
	inPlace    bool  // its caller is outer: it is executed in the caller's place
	enterable  bool  // init takes requests
	unguarded  bool  // the caller kills what the command leaves
	ownSession bool  // outer makes one, as there is no init that does
	again      int   // in place: the file descriptor of the program to go back to
	notAgain   []int // in place: file descriptors that the program to go back to does not get
	prepare    bool  // it waits for the caller once
	gated      bool  // init waits for the caller before it forks the command
	pidfd      bool  // it sends the command's pidfd
	handsOver  bool  // the command sends a file descriptor
	sockets    int   // how many it sends to the caller
	account    bool  // see KeepAccount
	countable  bool

	umask *uint32 // of the command; nil: the caller's

	own     processVars
	failing *failing // see FailAs; nil: as usual

	beforeExec func(failed *Label) // see BeforeExec
}

// New returns an empty program for a command that is given fds file
// descriptors, 0 to fds-1. The ones that the program needs for itself come after.
func New(fds int) *Program {
	return &Program{fds: fds, steps: make([]*Step, 0, 512), now: &context{}}
}

// FDs is the number of file descriptors that belong to the command: 0 to FDs-1.
func (p *Program) FDs() int { return p.fds }

// Process says which process runs the steps that follow.
func (p *Program) Process(name string) { p.now = &context{process: name} }

// Doing sets the words for the steps that follow: what is being done, as the
// start of an error message.
func (p *Program) Doing(words string) {
	if p.failing != nil {
		if others, ok := p.failing.words[words]; ok {
			words = others
		}
	}
	p.now = &context{process: p.now.process, doing: words, origin: p.now.origin}
}

// Origin sets the flag or profile line that the steps that follow come from.
func (p *Program) Origin(origin string) {
	p.now = &context{process: p.now.process, doing: p.now.doing, origin: origin}
}

// Steps returns the steps so far. They are not to be changed.
func (p *Program) Steps() []*Step { return p.steps }

// Var returns a new word of writable memory.
func (p *Program) Var(name string) *Var { return p.Buffer(name, 8) }

// Buffer returns size bytes of new writable memory, aligned to 16 bytes.
func (p *Program) Buffer(name string, size int) *Var {
	v := &Var{name: name, size: size}
	p.vars = append(p.vars, v)
	return v
}

// Data returns new writable memory that starts with the given words (see
// [Words]) and has room for at least size bytes.
func (p *Program) Data(name string, size int, words ...any) *Var {
	v := p.Buffer(name, max(size, 8*len(words)))
	v.words = toWords(words)
	return v
}

// Label returns a new label, to be placed by Here.
func (p *Program) Label(name string) *Label {
	l := &Label{name: name, step: -1}
	p.labels = append(p.labels, l)
	return l
}

// Here places l before the next step.
func (p *Program) Here(l *Label) { l.step = len(p.steps) }

func (p *Program) add(op Op, nr uintptr, args []any) *Step {
	if len(p.room) == 0 {
		p.room = make([]Step, 64)
	}
	if len(p.argRoom) < len(args) {
		p.argRoom = make([]Arg, 256)
	}
	s := &p.room[0]
	p.room = p.room[1:]
	*s = Step{context: p.now, op: op, nr: uint32(nr)}
	s.args, p.argRoom = p.argRoom[:len(args):len(args)], p.argRoom[len(args):]
	for i, x := range args {
		s.args[i] = toArg(x)
	}
	p.steps = append(p.steps, s)
	return s
}

// Call appends a system call. An argument is a number, a string (its address,
// NUL-terminated), a *Var (its value at that time) or an [Arg].
func (p *Program) Call(nr uintptr, args ...any) *Step { return p.add(OpCall, nr, args) }

// If appends a jump to target, taken if a & mask == want.
func (p *Program) If(a, mask, want any, target *Label) {
	p.add(OpIf, 0, []any{a, mask, want}).on = []on{{target: target}}
}

// Jump appends a jump to target.
func (p *Program) Jump(target *Label) { p.If(0, 0, 0, target) }

// And appends: save a & b in v.
func (p *Program) And(v *Var, a, b any) { p.add(OpAnd, 0, []any{a, b}).To(v) }

// Add appends: save a + b in v.
func (p *Program) Add(v *Var, a, b any) { p.add(OpAdd, 0, []any{a, b}).To(v) }

// Fail appends a failure with errno: a number, or a Var that holds one.
func (p *Program) Fail(errno any) {
	if e, ok := errno.(unix.Errno); ok {
		errno = int(e)
	}
	p.add(OpFail, 0, []any{errno})
}

// Close appends close(2) of the file descriptors in vars.
func (p *Program) Close(vars ...*Var) {
	for _, v := range vars {
		p.Call(unix.SYS_CLOSE, v)
	}
}

// LabelsAt are the names of the labels that stand before step i.
func (p *Program) LabelsAt(i int) (names []string) {
	for _, l := range p.labels {
		if l.step == i {
			names = append(names, l.name)
		}
	}
	return names
}
