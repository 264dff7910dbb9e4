package seccomp

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// plainCode is the name of an instruction whose operand needs no check, and whether it
// has the operand K.
func plainCode(code uint16) (name string, ok bool) {
	switch code {
	case unix.BPF_LD | unix.BPF_W | unix.BPF_LEN:
		return "ld len", true
	case unix.BPF_LDX | unix.BPF_W | unix.BPF_LEN:
		return "ldx len", true
	case unix.BPF_LD | unix.BPF_IMM:
		return "ld #", true
	case unix.BPF_LDX | unix.BPF_IMM:
		return "ldx #", true
	case unix.BPF_MISC | unix.BPF_TAX:
		return "tax", true
	case unix.BPF_MISC | unix.BPF_TXA:
		return "txa", true
	case unix.BPF_ALU | unix.BPF_NEG:
		return "neg", true
	case unix.BPF_RET | unix.BPF_A:
		return "ret a", true
	case unix.BPF_RET | unix.BPF_K:
		return "ret #", true
	}
	if code&7 == unix.BPF_ALU && code&^0xff == 0 {
		operand := " #"
		if code&unix.BPF_X != 0 {
			operand = " x"
		}
		switch code & 0xf0 {
		case unix.BPF_ADD:
			return "add" + operand, true
		case unix.BPF_SUB:
			return "sub" + operand, true
		case unix.BPF_MUL:
			return "mul" + operand, true
		case unix.BPF_DIV:
			return "div" + operand, true
		case unix.BPF_AND:
			return "and" + operand, true
		case unix.BPF_OR:
			return "or" + operand, true
		case unix.BPF_XOR:
			return "xor" + operand, true
		case unix.BPF_LSH:
			return "lsh" + operand, true
		case unix.BPF_RSH:
			return "rsh" + operand, true
		}
	}
	return "", false
}

// Disassemble is the program in words, a line an instruction: its index, what it
// does, for a jump where it goes if the comparison holds and if not, and as a comment
// what is loaded or compared, where that is certain. The program has to pass Check.
func (p Program) Disassemble() string {
	var b strings.Builder
	know := newKnowledge(len(p))
	for i, in := range p {
		text, comment := p.instruction(i, in), know.comment(i, in)
		if comment == "" {
			fmt.Fprintf(&b, "%4d %s\n", i, text)
		} else {
			fmt.Fprintf(&b, "%4d %-32s # %s\n", i, text, comment)
		}
		know.step(i, in)
	}
	return b.String()
}

func (p Program) instruction(i int, in unix.SockFilter) string {
	switch in.Code {
	case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
		return fmt.Sprintf("ld [%d]", in.K)
	case unix.BPF_LD | unix.BPF_MEM:
		return fmt.Sprintf("ld m[%d]", in.K)
	case unix.BPF_LDX | unix.BPF_MEM:
		return fmt.Sprintf("ldx m[%d]", in.K)
	case unix.BPF_ST:
		return fmt.Sprintf("st m[%d]", in.K)
	case unix.BPF_STX:
		return fmt.Sprintf("stx m[%d]", in.K)
	case unix.BPF_JMP | unix.BPF_JA:
		return fmt.Sprintf("ja %d", i+1+int(in.K))
	}
	if in.Code&7 == unix.BPF_JMP {
		name := [...]string{"", "jeq", "jgt", "jge", "jset"}[in.Code>>4&7]
		operand := "x"
		if in.Code&unix.BPF_X == 0 {
			operand = fmt.Sprintf("%#x", in.K)
		}
		return fmt.Sprintf("%s %s, %d, %d", name, operand, i+1+int(in.Jt), i+1+int(in.Jf))
	}
	name, _ := plainCode(in.Code)
	if plain, ok := strings.CutSuffix(name, "#"); ok {
		return fmt.Sprintf("%s%#x", plain, in.K)
	}
	return name
}
