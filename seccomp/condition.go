package seccomp

import "math"

// source is where in struct seccomp_data the low half of the argument is; it is what a
// condition loads first, or alone, if it is not wide.
func (c Condition) source() uint32 { return offsetArgs + 8*uint32(c.Arg) + lowHalf }

// Both kinds of processors that are known have the low half first.
const lowHalf, highHalf = 0, 4

// leaves is what a condition that holds leaves in the accumulator, unchanged; 0: something
// else.
func (*compiler) leaves(c Condition) uint32 {
	if c.Wide || c.low() != math.MaxUint32 && !c.bits() {
		return 0
	}
	return c.source()
}

// low and high are the halves of the mask.
func (c Condition) low() uint32 {
	if c.Mask == 0 {
		return math.MaxUint32
	}
	return uint32(c.Mask)
}

func (c Condition) high() uint32 {
	if c.Mask == 0 {
		return math.MaxUint32
	}
	return uint32(c.Mask >> 32)
}

// bits reports whether the condition only asks if one of some bits is set.
func (c Condition) bits() bool {
	return !c.Wide && c.Mask != 0 && c.Value == 0 && (c.Op == Equal || c.Op == NotEqual)
}

// condition is code that goes on at yes if the condition holds. Loaded: the accumulator
// holds its source.
func (c *compiler) condition(w Condition, yes, no label, loaded bool) label {
	low := uint32(w.Value)
	switch w.Op { // the opposite of another
	case NotEqual:
		w.Op, yes, no = Equal, no, yes
	case Less:
		w.Op, yes, no = GreaterOrEqual, no, yes
	case LessOrEqual:
		w.Op, yes, no = Greater, no, yes
	}
	if yes == no {
		return yes
	}
	switch {
	case w.bits():
		c.jump(jset, w.low(), no, yes)
	default:
		c.jump(comparison(w.Op), low, yes, no)
		if w.low() != math.MaxUint32 {
			c.emit(and, w.low())
		}
	}
	if loaded && !w.Wide {
		return label(len(c.code))
	}
	lowCode := c.emit(ldAbs, w.source())
	if !w.Wide {
		return lowCode
	}
	// The high halves decide, unless they are equal.
	high := uint32(w.Value >> 32)
	equal := c.jump(jeq, high, lowCode, no)
	if w.Op != Equal {
		c.jump(jgt, high, yes, equal)
	}
	if w.high() != math.MaxUint32 {
		c.emit(and, w.high())
	}
	return c.emit(ldAbs, w.source()-lowHalf+highHalf)
}

// comparison is the jump that compares so.
func comparison(op Op) uint16 {
	switch op {
	case Equal:
		return jeq
	case Greater:
		return jgt
	}
	return jge
}
