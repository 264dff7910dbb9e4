package launch

import (
	"bytes"
	"encoding/binary"
)

// IfText appends: go on at same if the n bytes in a buffer, whose size is a multiple of 8, are
// a text, else at other.
func (p *Program) IfText(buf, n *Var, text string, same, other *Label) {
	next := p.Label("same_length")
	p.If(n, ^uint64(0), len(text), next)
	p.Jump(other)
	for at := 0; at < len(text); at += 8 {
		p.Here(next)
		word, mask := make([]byte, 8), make([]byte, 8)
		copy(mask, bytes.Repeat([]byte{0xff}, copy(word, text[at:])))
		next = p.Label("same_so_far")
		p.If(buf.At(at), binary.LittleEndian.Uint64(mask), binary.LittleEndian.Uint64(word), next)
		p.Jump(other)
	}
	p.Here(next)
	p.Jump(same)
}
