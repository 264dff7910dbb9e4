package seccomp

import "fmt"

// Arch is an interface through which a process makes system calls.
type Arch uint8

// The interfaces. A processor has up to three: amd64 those of AMD64, I386 and X32,
// arm64 those of ARM64 and ARM.
const (
	AMD64 Arch = iota
	I386
	X32
	ARM64
	ARM

	arches
	noArch = Arch(0xff)
)

// archNames are what they are called in policies and messages.
var archNames = [arches]string{AMD64: "amd64", I386: "i386", X32: "x32", ARM64: "arm64", ARM: "arm"}

func (a Arch) String() string {
	if a >= arches {
		return fmt.Sprintf("Arch(%d)", uint8(a))
	}
	return archNames[a]
}

// ParseArch is the architecture of that name: amd64, i386, x32, arm64, arm; also as
// uname(1) and the kernel have it: x86_64, i486 to i686, x86, aarch64.
func ParseArch(name string) (Arch, error) {
	for a, n := range archNames {
		if n == name {
			return Arch(a), nil
		}
	}
	switch name {
	case "x86_64":
		return AMD64, nil
	case "x86", "386", "i486", "i586", "i686":
		return I386, nil
	case "aarch64":
		return ARM64, nil
	}
	return noArch, fmt.Errorf("unknown architecture %q (known: amd64, i386, x32, arm64, arm)", name)
}

// Audit is the number that the kernel has for the architecture, AUDIT_ARCH_* of
// <linux/audit.h>. That of X32 is the one of AMD64: it is told apart by a bit of the
// call's number.
func (a Arch) Audit() uint32 {
	const littleEndian, bits64 = 0x40000000, 0x80000000
	switch a { // machines of elf(5)
	case AMD64, X32:
		return 62 | littleEndian | bits64
	case I386:
		return 3 | littleEndian
	case ARM64:
		return 183 | littleEndian | bits64
	case ARM:
		return 40 | littleEndian
	}
	return 0
}

// Processor are the architectures of this build's processor: the native one first.
func Processor() []Arch {
	switch Native {
	case AMD64:
		return []Arch{AMD64, I386, X32}
	case ARM64:
		return []Arch{ARM64, ARM}
	}
	return []Arch{Native}
}

// x32Bit is __X32_SYSCALL_BIT.
const x32Bit = 0x40000000

// skipped is the number that a tracer sets to have no call made. It is nobody's.
const skipped = 0xffffffff

// Of is the architecture whose call a number is, among those with the audit number of a:
// AMD64 or X32, as the number's bit says; else a itself.
func (a Arch) Of(number uint32) Arch { return archOf(a.Audit(), number) }

// archOf is whose call a number is, where two share an audit number.
func archOf(audit, nr uint32) Arch {
	switch audit {
	case AMD64.Audit():
		if nr&x32Bit != 0 && nr != skipped {
			return X32
		}
		return AMD64
	case I386.Audit():
		return I386
	case ARM64.Audit():
		return ARM64
	case ARM.Audit():
		return ARM
	}
	return noArch
}
