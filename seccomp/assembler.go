package seccomp

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"
)

// The operations of BPF that the filters use. A is the accumulator, K the constant.
const (
	ldAbs = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	and   = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	ja    = unix.BPF_JMP | unix.BPF_JA
	jeq   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jgt   = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	jge   = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	jset  = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	retK  = unix.BPF_RET | unix.BPF_K
)

// Where things are in struct seccomp_data.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

// assembler makes code from its end to its start: BPF jumps only forward, so where a
// jump goes to is there before it.
type assembler struct {
	code []unix.SockFilter // the last instruction first
	rets map[uint32]label
}

// label is a place to jump to: before the instruction code[label-1].
type label int

// emit puts an instruction before all others.
func (a *assembler) emit(code uint16, k uint32) label {
	a.code = append(a.code, unix.SockFilter{Code: code, K: k})
	return label(len(a.code))
}

// ret is code that returns v.
func (a *assembler) ret(v uint32) label {
	if l, ok := a.rets[v]; ok {
		return l
	}
	if a.rets == nil {
		a.rets = map[uint32]label{}
	}
	a.rets[v] = a.emit(retK, v)
	return a.rets[v]
}

// jump puts a conditional jump before all others.
func (a *assembler) jump(code uint16, k uint32, yes, no label) label {
	if yes == no {
		return yes
	}
	for {
		switch {
		case len(a.code)-int(yes) > math.MaxUint8:
			yes = a.near(yes)
		case len(a.code)-int(no) > math.MaxUint8:
			no = a.near(no)
		default:
			jt, jf := len(a.code)-int(yes), len(a.code)-int(no)
			l := a.emit(code, k)
			a.code[l-1].Jt, a.code[l-1].Jf = uint8(jt), uint8(jf)
			return l
		}
	}
}

// near is a place that does the same as a far one: a long jump, or the same return once
// more.
func (a *assembler) near(far label) label {
	if i := a.code[far-1]; i.Code == retK {
		a.rets[i.K] = a.emit(retK, i.K)
		return a.rets[i.K]
	}
	return a.emit(ja, uint32(len(a.code)-int(far)))
}

// before puts an instruction before the code at a place.
func (a *assembler) before(next label, code uint16, k uint32) label {
	if int(next) != len(a.code) {
		a.near(next)
	}
	return a.emit(code, k)
}

// program is the code in its order.
func (a *assembler) program() Program {
	p := Program(slices.Clone(a.code))
	slices.Reverse(p)
	return p
}
