package attrs

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// Personality is an execution domain and flags, personality(2). 0 is Linux of the
// machine's own word size.
type Personality uint32

// named are the names of setarch(8) for domains and flags, and of the machines that
// mean a domain there.
var named = [...]struct {
	name string
	bits Personality
}{
	{"linux", 0}, {"linux64", 0}, {"linux32", 0x8},
	{"uname-2.6", 0x0020000}, {"addr-no-randomize", 0x0040000}, {"fdpic-funcptrs", 0x0080000},
	{"mmap-page-zero", 0x0100000}, {"addr-compat-layout", 0x0200000}, {"read-implies-exec", 0x0400000},
	{"32bit", 0x0800000}, {"short-inode", 0x1000000}, {"whole-seconds", 0x2000000},
	{"sticky-timeouts", 0x4000000}, {"3gb", 0x8000000},
}

// ParsePersonality reads names of setarch(8), separated by commas.
func ParsePersonality(text string) (Personality, error) {
	var p Personality
next:
	for _, name := range strings.Split(text, ",") {
		for _, n := range named {
			if n.name == name {
				p |= n.bits
				continue next
			}
		}
		return 0, fmt.Errorf("%q is not one of %s", name, personalityNames())
	}
	return p, nil
}

func personalityNames() string {
	var list []string
	for _, n := range named {
		list = append(list, n.name)
	}
	return strings.Join(list, ", ")
}

// String is the names, as ParsePersonality reads them; bits that have none as a number.
func (p Personality) String() string {
	if p == 0 {
		return "linux"
	}
	var list []string
	for _, n := range named {
		if n.bits != 0 && p&n.bits == n.bits {
			list = append(list, n.name)
			p &^= n.bits
		}
	}
	if p != 0 {
		list = append(list, fmt.Sprintf("%#x", uint32(p)))
	}
	return strings.Join(list, ",")
}

// Set appends: the process has this execution domain. What it executes next is set up
// accordingly. EINVAL: the machine cannot run programs of that domain.
func (p Personality) Set(program *launch.Program) {
	program.Doing("set the personality " + p.String())
	program.Call(unix.SYS_PERSONALITY, uint32(p))
}
