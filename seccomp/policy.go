package seccomp

// Policy says what happens to each system call. Its zero value kills the process
// at the first one.
type Policy struct {
	// Default is what a call gets that the table knows and that no rule decides.
	Default Action

	// Unknown is what a number gets that the table does not know: a call of a newer
	// kernel.
	Unknown Action

	// Foreign is what a call gets that comes through the interface of an architecture
	// that is not in Arches: a 32-bit program's.
	Foreign Action

	// Arches are the architectures that the rules are for. Nil: the one that this
	// program was built for, alone.
	Arches []Arch

	// Rules are looked through in order: the first that fits decides.
	Rules []Rule
}

// Rule decides on some system calls.
type Rule struct {
	Action Action

	// Calls are names of system calls, or of groups, as "@mount" (see Groups). A call
	// that one of the policy's architectures does not have is passed over there.
	Calls []string

	// When are conditions on the arguments, all of which have to hold. Nil: the rule
	// fits always.
	When []Condition

	// Opens is the name of what is allowed where this rule is left out (see Default);
	// may be empty.
	Opens string

	// Origin is the file and line that the rule comes from; may be empty.
	Origin string
}

// Condition compares one argument: (argument & Mask) Op Value, without sign.
type Condition struct {
	Arg   int    // 0 to 5
	Mask  uint64 // 0: every bit
	Op    Op
	Value uint64

	// Wide compares all 64 bits. Else only the low 32 bits are looked at, which is
	// right where the kernel itself ignores the others: an int, a request of ioctl(2).
	Wide bool
}

// Op is how a condition compares.
type Op uint8

// The comparisons.
const (
	Equal Op = iota
	NotEqual
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
)

// Call is a system call as a filter sees it: struct seccomp_data.
type Call struct {
	Arch   Arch
	Number uint32 // of x32: with its bit, 0x40000000
	Args   [6]uint64
	IP     uint64 // the instruction pointer; no condition looks at it
}

var opNames = [...]string{"==", "!=", "<", "<=", ">", ">="}

func (o Op) String() string {
	if int(o) >= len(opNames) {
		return "?"
	}
	return opNames[o]
}
