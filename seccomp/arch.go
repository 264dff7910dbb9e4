package seccomp

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
)
