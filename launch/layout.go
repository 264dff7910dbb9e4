package launch

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/usandbox/usandbox/internal/printable"
)

// The image in memory. The interpreters know these numbers.
//
//	0x400000  ELF headers, header, interpreter      read, execute
//	0x401000  variables                             read, write
//	after it  records, strings, structures          read
const (
	imageBase  = 0x400000
	headerBase = imageBase + elfHeaders
	dataBase   = imageBase + pageSize
	pageSize   = 0x1000

	headerSize = 32 // first record, failure handler, data segment; 8 bytes to spare
	recordSize = 64
	// A record, in bytes and 32-bit words:
	//   0 op   1 indirect arguments   2 flags   4 where the result goes   8 number
	//  12 the step's words: their length, then they   16 six arguments
	//  40 three pairs of errno and record

	dataReserved = 64 // stack pointer, failed record, errno, words, length of words, argv[0]
)

// layout places a program's parts at addresses and encodes them, all into the
// one buffer that becomes the executable.
type layout struct {
	p         *Program
	buf       []byte
	dataFile  uint64 // how much of the variables has contents
	dataSize  uint64
	constAt   int // where the read-only segment starts in buf
	constBase uint64
	blobs     map[string]uint64 // addresses of the constants so far
	texts     map[string]uint64 // likewise, of NUL-terminated strings
	said      *context          // whose words were laid down last
	saidAt    uint32
	err       error
}

// newLayout encodes p: variables first, as their size is known, then the steps,
// then, as they turn up, the constants that steps and variables point to.
func newLayout(p *Program) *layout {
	l := &layout{p: p, blobs: make(map[string]uint64, 32), texts: make(map[string]uint64, 128)}
	l.placeVars()
	l.constAt = pageSize + int(pageUp(l.dataFile))
	l.constBase = pageUp(dataBase + l.dataSize)
	records := l.constAt + recordSize*len(p.steps)
	l.buf = make([]byte, records, records+2*pageSize+l.wordsLen())
	for i, s := range p.steps {
		l.step(i, s)
	}
	for _, v := range p.vars {
		for i, w := range v.words {
			word := l.arg(w)
			binary.LittleEndian.PutUint64(l.buf[pageSize+int(v.at-dataBase)+8*i:], word)
		}
	}
	return l
}

// wordsLen is about how many bytes the words of the steps take.
func (l *layout) wordsLen() (n int) {
	if !l.p.standing {
		return 0
	}
	var last *context
	for _, s := range l.p.steps {
		if s.context != last {
			last = s.context
			n += len(last.doing) + 8 // the length of the text, and what aligns it
		}
	}
	return n
}

func pageUp(n uint64) uint64 { return (n + pageSize - 1) &^ (pageSize - 1) }

func (l *layout) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// placeVars gives every variable its address: those with contents first, so
// that the file need not hold the zeros of the others.
func (l *layout) placeVars() {
	next := uint64(dataBase + dataReserved)
	for _, withInit := range []bool{true, false} {
		for _, v := range l.p.vars {
			if (v.words != nil) == withInit {
				v.at = next
				next += uint64(v.size+15) &^ 15
			}
		}
		if withInit && next > dataBase+dataReserved {
			l.dataFile = next - dataBase
		}
	}
	l.dataSize = next - dataBase
}

// record is the address of step i's record.
func (l *layout) record(i int) uint64 { return l.constBase + recordSize*uint64(i) }

func (l *layout) label(t *Label) uint64 {
	if t.step < 0 || t.step >= len(l.p.steps) {
		l.fail("BUG: launch: label %q stands before no step", t.name)
		return 0
	}
	return l.record(t.step)
}

func (l *layout) step(i int, s *Step) {
	at := l.constAt + recordSize*i
	put := func(offset int, v uint32) { binary.LittleEndian.PutUint32(l.buf[at+offset:], v) } // buf may move
	l.buf[at] = byte(s.op)
	if s.retry {
		l.buf[at+2] = 1
	}
	if s.save != nil {
		put(4, uint32(l.address(s.save)))
	}
	put(8, s.nr)
	if l.p.standing && s.doing != "" {
		if s.context != l.said { // neighbours have it in common
			l.said, l.saidAt = s.context, uint32(l.words(printable.Text(s.doing)))
		}
		put(12, l.saidAt)
	}
	for n, a := range s.args {
		v := l.arg(a)
		indirect := a.kind == argValue
		if v != uint64(int32(v)) { // too large for the record: to be fetched
			v, indirect = l.blob(binary.LittleEndian.AppendUint64(nil, v)), true
		}
		put(16+4*n, uint32(v))
		if indirect {
			l.buf[at+1] |= 1 << n
		}
	}
	for n, o := range s.on {
		target := l.record(i + 1)
		if o.target != nil {
			target = l.label(o.target)
		}
		put(40+8*n, uint32(o.errno))
		put(44+8*n, uint32(target))
	}
}

// words are the length of a text, in 32 bits, and the text.
func (l *layout) words(text string) uint64 {
	return l.blob(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
}

// arg is the word that stands for a: a number or an address.
func (l *layout) arg(a Arg) uint64 {
	if a.kind == argNumber {
		return a.num
	}
	return l.address(a.v)
}

// address is where v lies. Constants are laid down when they are first met.
func (l *layout) address(v *Var) uint64 {
	switch {
	case v.parent != nil:
		return l.address(v.parent) + uint64(v.offset)
	case v.kind == constText:
		return l.text(v.name)
	case v.kind == constBytes:
		return l.blob(v.bytes)
	case v.kind == constWords:
		b := make([]byte, 0, 8*len(v.words))
		for _, w := range v.words {
			b = binary.LittleEndian.AppendUint64(b, l.arg(w))
		}
		return l.blob(b)
	case v.at == 0:
		l.fail("BUG: launch: variable %q is of another program", v.name)
	}
	return v.at
}

// next is the address of what is appended next.
func (l *layout) next() uint64 { return l.constBase + uint64(len(l.buf)-l.constAt) }

// blob appends constant bytes, aligned and once, and returns their address.
func (l *layout) blob(b []byte) uint64 {
	if at, ok := l.blobs[string(b)]; ok {
		return at
	}
	for len(l.buf)%8 != 0 {
		l.buf = append(l.buf, 0)
	}
	at := l.next()
	l.buf = append(l.buf, b...)
	l.blobs[string(b)] = at
	return at
}

// text appends a string and the NUL that ends it, once, and returns its address.
func (l *layout) text(s string) uint64 {
	if at, ok := l.texts[s]; ok {
		return at
	}
	if strings.IndexByte(s, 0) >= 0 {
		l.fail("the string %q holds a NUL byte", s)
	}
	at := l.next()
	l.buf = append(append(l.buf, s...), 0)
	l.texts[s] = at
	return at
}
