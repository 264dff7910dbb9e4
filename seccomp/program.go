package seccomp

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Program is a filter in classic BPF, as seccomp(2) takes it: struct sock_filter.
type Program []unix.SockFilter

// maxProgram is BPF_MAXINSNS: how many instructions a filter may have.
const maxProgram = 4096

// filterSize is the size of a struct sock_filter.
const filterSize = 8

// ParseProgram reads raw BPF: struct sock_filter one behind the other, in this
// machine's byte order. It fails on one that the kernel would not take.
func ParseProgram(raw []byte) (Program, error) {
	switch {
	case len(raw) == 0:
		return nil, errors.New("an empty system call filter")
	case len(raw)%filterSize != 0:
		return nil, fmt.Errorf("a system call filter of %d bytes: an instruction has %d", len(raw), filterSize)
	case len(raw) > filterSize*maxProgram:
		return nil, fmt.Errorf("a system call filter of %d instructions: there may be %d", len(raw)/filterSize, maxProgram)
	}
	p := instructions(raw)
	return p, p.Check()
}

func instructions(raw []byte) Program {
	p := make(Program, len(raw)/filterSize)
	for i := range p {
		b := raw[filterSize*i:]
		p[i] = unix.SockFilter{
			Code: binary.NativeEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.NativeEndian.Uint32(b[4:]),
		}
	}
	return p
}

// Bytes is the program as ParseProgram reads it.
func (p Program) Bytes() []byte {
	b := make([]byte, 0, filterSize*len(p))
	for _, i := range p {
		b = binary.NativeEndian.AppendUint16(b, i.Code)
		b = append(b, i.Jt, i.Jf)
		b = binary.NativeEndian.AppendUint32(b, i.K)
	}
	return b
}
