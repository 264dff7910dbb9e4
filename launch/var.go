package launch

import (
	"fmt"
	"strconv"
)

// Var is a piece of the image's memory: a word that holds a result or a buffer,
// zero at the start unless it was given contents; or a constant.
type Var struct {
	name  string // of a constant string: the string itself
	kind  varKind
	size  int
	words []Arg  // initial 64-bit words, or those of a constant
	bytes []byte // of a constant

	parent *Var // for a part of another variable
	offset int  // from the start of the parent

	at uint64 // its address, once the program is laid out
}

type varKind uint8

const (
	variable varKind = iota
	constText
	constBytes
	constWords
)

// At is the word inside v at a byte offset. The offset need not be aligned.
func (v *Var) At(offset int) *Var {
	return &Var{parent: v, offset: offset, size: 8}
}

// Addr is the address of v.
func (v *Var) Addr() Arg { return Arg{kind: argAddress, v: v} }

// String is the variable's name, or the constant, as a plan prints it.
func (v *Var) String() string {
	switch {
	case v.parent != nil:
		return v.parent.String() + "+" + strconv.Itoa(v.offset)
	case v.kind == constText:
		return strconv.Quote(v.name)
	case v.kind == constWords && v.name == "": // of Strings: without the NULL at the end
		return fmt.Sprint(v.words[:len(v.words)-1])
	case v.kind != variable:
		return "{" + v.name + "}"
	}
	return v.name
}
