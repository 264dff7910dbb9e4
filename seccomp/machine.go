package seccomp

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// scratch is BPF_MEMWORDS: how many words of memory a program has.
const scratch = 16

// dataSize is the size of struct seccomp_data.
const dataSize = 64

// Check fails if the kernel would not take the program: seccomp(2), filter.rst.
func (p Program) Check() error {
	if len(p) == 0 || len(p) > maxProgram {
		return fmt.Errorf("a system call filter of %d instructions: there may be 1 to %d", len(p), maxProgram)
	}
	for i, in := range p {
		if err := checkInstruction(p, i, in); err != nil {
			return fmt.Errorf("a system call filter: instruction %d: %w", i, err)
		}
	}
	if class(p[len(p)-1]) != unix.BPF_RET {
		return fmt.Errorf("a system call filter: the last instruction is no return")
	}
	return nil
}

func class(in unix.SockFilter) uint16 { return in.Code & 7 }

// checkInstruction checks one instruction.
func checkInstruction(p Program, i int, in unix.SockFilter) error {
	left := uint32(len(p) - i - 1) // how many come after it
	switch in.Code {
	case ldAbs:
		if in.K >= dataSize || in.K%4 != 0 {
			return fmt.Errorf("a load from %d", in.K)
		}
	case ja:
		if in.K >= left {
			return fmt.Errorf("a jump beyond the end")
		}
	case unix.BPF_LD | unix.BPF_MEM, unix.BPF_LDX | unix.BPF_MEM, unix.BPF_ST, unix.BPF_STX:
		if in.K >= scratch {
			return fmt.Errorf("memory word %d", in.K)
		}
	case unix.BPF_ALU | unix.BPF_DIV | unix.BPF_K:
		if in.K == 0 {
			return fmt.Errorf("a division by 0")
		}
	case unix.BPF_ALU | unix.BPF_LSH | unix.BPF_K, unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K:
		if in.K >= 32 {
			return fmt.Errorf("a shift by %d", in.K)
		}
	case unix.BPF_LD | unix.BPF_W | unix.BPF_LEN, unix.BPF_LDX | unix.BPF_W | unix.BPF_LEN,
		unix.BPF_LD | unix.BPF_IMM, unix.BPF_LDX | unix.BPF_IMM,
		unix.BPF_RET | unix.BPF_K, unix.BPF_RET | unix.BPF_A,
		unix.BPF_MISC | unix.BPF_TAX, unix.BPF_MISC | unix.BPF_TXA, unix.BPF_ALU | unix.BPF_NEG:
	default:
		switch class(in) {
		case unix.BPF_JMP:
			if op := in.Code &^ 0xf; op < unix.BPF_JEQ || op > unix.BPF_JSET {
				return fmt.Errorf("unknown operation %#x", in.Code)
			}
			if uint32(in.Jt) >= left || uint32(in.Jf) >= left {
				return fmt.Errorf("a jump beyond the end")
			}
		case unix.BPF_ALU:
			if op := in.Code &^ 0xf; op > unix.BPF_RSH && op != unix.BPF_XOR {
				return fmt.Errorf("unknown operation %#x", in.Code)
			}
		default:
			return fmt.Errorf("unknown operation %#x", in.Code)
		}
	}
	return nil
}

// Decide is what a call gets from the program. The program has to be one that Check
// takes; what no valid program does kills the process.
func (p Program) Decide(c Call) Action {
	var data [dataSize]byte
	binary.LittleEndian.PutUint32(data[offsetNumber:], c.Number)
	binary.LittleEndian.PutUint32(data[offsetArch:], c.Arch.Audit())
	binary.LittleEndian.PutUint64(data[8:], c.IP)
	for i, arg := range c.Args {
		binary.LittleEndian.PutUint64(data[offsetArgs+8*i:], arg)
	}
	var a, x uint32
	var mem [scratch]uint32
	for pc := 0; pc < len(p); pc++ {
		in := p[pc]
		operand := in.K
		if in.Code&unix.BPF_X != 0 {
			operand = x
		}
		switch class(in) {
		case unix.BPF_LD, unix.BPF_LDX:
			v := in.K
			switch in.Code & 0xe0 {
			case unix.BPF_ABS:
				if in.K > dataSize-4 {
					return Action{}
				}
				v = binary.LittleEndian.Uint32(data[in.K:])
			case unix.BPF_MEM:
				v = mem[in.K%scratch]
			case unix.BPF_LEN:
				v = dataSize
			}
			if class(in) == unix.BPF_LD {
				a = v
			} else {
				x = v
			}
		case unix.BPF_ST:
			mem[in.K%scratch] = a
		case unix.BPF_STX:
			mem[in.K%scratch] = x
		case unix.BPF_ALU:
			if in.Code&0xf0 == unix.BPF_DIV && operand == 0 {
				return actionOf(0) // as the kernel has it: the filter returns 0
			}
			a = arithmetic(in.Code&0xf0, a, operand)
		case unix.BPF_JMP:
			pc += jumps(in, a, operand)
		case unix.BPF_RET:
			if in.Code&0x18 == unix.BPF_A {
				return actionOf(a)
			}
			return actionOf(in.K)
		case unix.BPF_MISC:
			if in.Code&0xf8 == unix.BPF_TXA {
				a = x
			} else {
				x = a
			}
		}
	}
	return Action{}
}

func arithmetic(op uint16, a, b uint32) uint32 {
	switch op {
	case unix.BPF_ADD:
		return a + b
	case unix.BPF_SUB:
		return a - b
	case unix.BPF_MUL:
		return a * b
	case unix.BPF_DIV:
		return a / b
	case unix.BPF_OR:
		return a | b
	case unix.BPF_AND:
		return a & b
	case unix.BPF_LSH:
		return a << (b & 31)
	case unix.BPF_RSH:
		return a >> (b & 31)
	case unix.BPF_NEG:
		return -a
	}
	return a ^ b
}

// jumps is how far an instruction jumps.
func jumps(in unix.SockFilter, a, b uint32) int {
	holds := false
	switch in.Code & 0xf0 {
	case unix.BPF_JA:
		return int(in.K)
	case unix.BPF_JEQ:
		holds = a == b
	case unix.BPF_JGT:
		holds = a > b
	case unix.BPF_JGE:
		holds = a >= b
	case unix.BPF_JSET:
		holds = a&b != 0
	}
	if holds {
		return int(in.Jt)
	}
	return int(in.Jf)
}
