package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// checkMemory refuses a load of a word of memory that may not have been stored to.
func (p Program) checkMemory() error {
	stored := make([]uint16, len(p)) // what each instruction can rely on, if it is jumped to
	for i := range stored {
		stored[i] = 0xffff
	}
	now := uint16(0)
	for i, in := range p {
		now &= stored[i]
		switch in.Code {
		case unix.BPF_ST, unix.BPF_STX:
			now |= 1 << in.K
		case unix.BPF_LD | unix.BPF_MEM, unix.BPF_LDX | unix.BPF_MEM:
			if now&(1<<in.K) == 0 {
				return fmt.Errorf("a system call filter: instruction %d: memory word %d is loaded before it is stored to", i, in.K)
			}
		case unix.BPF_JMP | unix.BPF_JA:
			stored[i+1+int(in.K)] &= now
			now = 0xffff
		default:
			if in.Code&7 == unix.BPF_JMP {
				stored[i+1+int(in.Jt)] &= now
				stored[i+1+int(in.Jf)] &= now
				now = 0xffff
			}
		}
	}
	return nil
}
