package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// ErrArchitecture is what [Program.Image] fails with where the package has no
// interpreter: anywhere but on amd64 and arm64.
var ErrArchitecture = errors.New("no interpreter for this processor architecture")

// maxImage bounds an image's size in bytes; addresses in records are 32 bits.
const maxImage = 1 << 28

// Image is a compiled [Program]: a static ELF executable and, on this side
// only, the words for each step's failure.
type Image struct {
	elf     []byte
	records uint64 // address of the first step's record
	steps   []*Step

	fds     int
	prepare bool
	gated   bool
	pidfd   bool

	handsOver bool
	enterable bool
	unguarded bool
	terminal  bool
	outside   bool
	sockets   int
	account   bool
}

// Bytes is the executable: ELF64, ET_EXEC, three loads and no other parts.
func (img *Image) Bytes() []byte { return img.elf }

// Image compiles the program. It fails with [ErrArchitecture], on a string with
// a NUL byte, and on a program of more than 256 MiB.
func (p *Program) Image() (*Image, error) {
	if elfMachine == 0 {
		return nil, fmt.Errorf("compile the sandbox for %s: %w", runtime.GOARCH, ErrArchitecture)
	}
	switch {
	case p.onFail != nil: // compiled before
	case p.standing:
		p.failWithWords()
	case p.inPlace:
		p.failAgain()
	default:
		p.failToStatus()
	}
	l := newLayout(p)
	l.headers(interpreter())
	if l.err != nil {
		return nil, fmt.Errorf("compile the sandbox: %w", l.err)
	}
	if len(l.buf) > maxImage || l.dataSize > maxImage {
		return nil, fmt.Errorf("compile the sandbox: %w", unix.E2BIG)
	}
	return &Image{
		elf: l.buf, records: l.constBase, steps: p.steps, fds: p.fds, prepare: p.prepare, gated: p.gated, pidfd: p.pidfd,
		handsOver: p.handsOver, enterable: p.enterable, unguarded: p.unguarded,
		terminal: p.own.terminal.streams != nil, outside: p.own.terminal.outside != nil,
		sockets: p.sockets, account: p.account,
	}, nil
}

// failedStep is the index of the step whose record lies at address at.
func (img *Image) failedStep(at uint64) (int, bool) {
	i := (at - img.records) / recordSize
	return int(i), at >= img.records && i < uint64(len(img.steps))
}

// elf(5) numbers.
const (
	ptLoad, ptGNUStack = 1, 0x6474e551
	pfX, pfW, pfR      = 1, 2, 4
	elfHeader          = 64
	elfProgramHeader   = 56
	segments           = 4
	elfHeaders         = elfHeader + segments*elfProgramHeader
)

// headers writes the executable's first page: what elf(5) and the interpreter
// want to know, and the interpreter.
func (l *layout) headers(code []byte) {
	codeEnd := uint64(elfHeaders + headerSize + len(code))
	if codeEnd > pageSize {
		panic("BUG: launch: the interpreter is larger than its page")
	}
	le := binary.LittleEndian
	b := l.buf[:0]
	b = append(b, "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	b = le.AppendUint16(b, 2) // ET_EXEC
	b = le.AppendUint16(b, elfMachine)
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, headerBase+headerSize) // entry
	b = le.AppendUint64(b, elfHeader)
	b = append(b, make([]byte, 12)...) // no section table, no flags
	b = le.AppendUint16(b, elfHeader)
	b = le.AppendUint16(b, elfProgramHeader)
	b = le.AppendUint16(b, segments)
	b = append(b, make([]byte, 6)...)
	segment := func(kind, flags uint32, offset, addr, inFile, inMemory uint64) {
		b = le.AppendUint32(b, kind)
		b = le.AppendUint32(b, flags)
		for _, v := range [...]uint64{offset, addr, addr, inFile, inMemory, pageSize} {
			b = le.AppendUint64(b, v)
		}
	}
	consts := uint64(len(l.buf) - l.constAt)
	segment(ptLoad, pfR|pfX, 0, imageBase, codeEnd, codeEnd)
	segment(ptLoad, pfR|pfW, pageSize, dataBase, l.dataFile, l.dataSize)
	segment(ptLoad, pfR, uint64(l.constAt), l.constBase, consts, consts)
	segment(ptGNUStack, pfR|pfW, 0, 0, 0, 0)
	for _, v := range [...]uint64{l.record(0), l.label(l.p.onFail), dataBase, 0} { // the header
		b = le.AppendUint64(b, v)
	}
	_ = append(b, code...)
}
