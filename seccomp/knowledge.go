package seccomp

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// state is what is certain before an instruction, whichever way led there.
type state struct {
	reached bool
	loaded  int    // the offset in struct seccomp_data that A has been loaded from; -1: something else
	audit   uint32 // the architecture, as AUDIT_ARCH_*; 0: any
}

// knowledge is what is certain before each instruction. Jumps lead forward only, so
// one pass finds it.
type knowledge []state

func newKnowledge(n int) knowledge {
	k := make(knowledge, n)
	k[0] = state{reached: true, loaded: -1}
	return k
}

// step passes on what is certain after instruction i.
func (k knowledge) step(i int, in unix.SockFilter) {
	s := k[i]
	if !s.reached {
		return
	}
	switch in.Code & 7 {
	case unix.BPF_RET:
		return
	case unix.BPF_JMP:
		if in.Code == unix.BPF_JMP|unix.BPF_JA {
			k.merge(i+1+int(in.K), s)
			return
		}
		k.merge(i+1+int(in.Jf), s)
		if in.Code == unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K && s.loaded == offsetArch {
			s.audit = in.K
		}
		k.merge(i+1+int(in.Jt), s)
		return
	case unix.BPF_LD:
		s.loaded = -1
		if in.Code == unix.BPF_LD|unix.BPF_W|unix.BPF_ABS {
			s.loaded = int(in.K)
		}
	case unix.BPF_ALU:
		s.loaded = -1
	case unix.BPF_MISC:
		if in.Code == unix.BPF_MISC|unix.BPF_TXA {
			s.loaded = -1
		}
	}
	k.merge(i+1, s)
}

func (k knowledge) merge(i int, s state) {
	switch to := &k[i]; {
	case !to.reached:
		*to = s
	default:
		if to.loaded != s.loaded {
			to.loaded = -1
		}
		if to.audit != s.audit {
			to.audit = 0
		}
	}
}

// comment says what instruction i loads, compares or returns.
func (k knowledge) comment(i int, in unix.SockFilter) string {
	s := k[i]
	switch {
	case !s.reached:
		return "never reached"
	case in.Code == unix.BPF_LD|unix.BPF_W|unix.BPF_ABS:
		return fieldName(in.K)
	case in.Code == unix.BPF_RET|unix.BPF_K:
		return actionOf(in.K).String()
	case in.Code&7 != unix.BPF_JMP || in.Code&unix.BPF_X != 0 || in.Code == unix.BPF_JMP|unix.BPF_JA:
		return ""
	case s.loaded == offsetArch:
		return archComment(in.K)
	case s.loaded == offsetNumber:
		return callComment(s.audit, in.K)
	}
	return ""
}

// fieldName is what lies at an offset in struct seccomp_data.
func fieldName(offset uint32) string {
	half := "low"
	if offset%8 != 0 {
		half = "high"
	}
	switch {
	case offset == offsetNumber:
		return "number"
	case offset == offsetArch:
		return "architecture"
	case offset < offsetArgs:
		return "instruction pointer, " + half
	}
	return fmt.Sprintf("arg%d, %s", (offset-offsetArgs)/8, half)
}

func archComment(audit uint32) string {
	for a := range arches {
		if a.Audit() == audit {
			return a.String()
		}
	}
	return ""
}

func callComment(audit, nr uint32) string {
	for a := range arches {
		if a.Audit() == audit {
			if name, ok := Name(a, nr); ok {
				return name
			}
		}
	}
	return ""
}
