package terminal

import "strings"

// run takes b through the states.
func (f *Filter) run(b []byte) {
	for i := 0; i < len(b); {
		switch f.state {
		case ground:
			i += f.text(b[i:])
		case wrapped:
			i += f.wrappedText(b[i:])
		default:
			f.step(b[i])
			i++
		}
	}
}

// text takes the text at the start of b, and what ends it, and returns how much
// that is.
func (f *Filter) text(b []byte) int {
	n := len(b)
	for i, c := range b {
		if c == esc || c == c1OSC || c == c1CSI || c == c1In {
			n = i
			break
		}
	}
	if n > 0 {
		f.release()
		f.out = append(f.out, b[:n]...)
		f.remember(b[:n])
	}
	if n == len(b) {
		return n
	}
	f.begin(b[n])
	return n + 1
}

// begin takes a byte of the text that may begin a sequence.
func (f *Filter) begin(c byte) {
	inUTF8 := len(f.held) > 0 // the first byte of a C1 control
	switch {
	case c == c1In:
		f.release()
		f.hold(c, ground)
	case c == esc:
		f.release()
		f.hold(c, escape)
	case c == c1OSC && (inUTF8 || !continues(f.before)):
		f.number = f.number[:0]
		f.hold(c, oscNumber)
	case c == c1CSI && (inUTF8 || !continues(f.before)):
		f.release()
		f.pass(c)
		f.beginCSI()
	default:
		f.release()
		f.pass(c)
	}
}

// step takes one byte of a sequence.
func (f *Filter) step(c byte) {
	if len(f.held) == maxHeld {
		f.tooLong()
		f.run([]byte{c})
		return
	}
	switch f.state {
	case escape:
		f.afterESC(c)
	case coding:
		f.inCoding(c)
	case oscNumber:
		f.inNumber(c)
	case oscName:
		f.inName(c)
	case oscEsc:
		f.inOSCEsc(c)
	case dropping:
		f.inDropped(c)
	case droppingEsc:
		if c == '\\' {
			f.drop(ground)
			return
		}
		f.hold(esc, escape)
		f.step(c)
	case csi:
		f.inCSI(c)
	case dcs:
		f.inDCS(c)
	case wrappedEsc:
		f.inWrappedEsc(c)
	}
}

// tooLong is for a sequence that no program means.
func (f *Filter) tooLong() {
	switch f.state {
	case oscNumber, oscName, oscEsc:
		f.drop(dropping)
	case dcs:
		f.drop(ground)
	default:
		f.releaseControls()
		f.state = ground
	}
}

// control reports whether c is a control character that terminals obey or pass over
// in the middle of a sequence, which goes on behind it.
func control(c byte) bool {
	return c < 0x20 && c != can && c != sub && c != esc || c == del
}

func (f *Filter) afterESC(c byte) {
	switch {
	case c == esc || control(c):
		f.hold(c, escape)
	case c == can || c == sub:
		f.releaseControls()
		f.state = ground
		f.pass(c)
	case c == ']':
		f.number = f.number[:0]
		f.hold(c, oscNumber)
	case c == '%':
		f.hold(c, coding)
	case c == '[':
		f.release()
		f.pass(c)
		f.beginCSI()
	case c == 'P':
		f.answers = true
		f.match = 0
		f.hold(c, dcs)
	case c == '\\':
		// In a wrapper of another program what stands before would be left to it.
		if len(f.held) == 1 {
			f.release()
		} else {
			f.releaseControls()
			f.pass(esc)
		}
		f.pass(c)
		f.state = ground
	case c >= 0x80: // no sequence; and what follows may be left out
		f.releaseControls()
		f.state = ground
		f.run([]byte{c})
	default:
		f.answers = f.answers || strings.IndexByte(" #()*+-./6789=>DEFHMNOc", c) < 0
		f.release()
		f.state = ground
		f.run([]byte{c})
	}
}

// inCoding takes what is behind ESC %: G for UTF-8. Everything else is left out.
func (f *Filter) inCoding(c byte) {
	switch {
	case c == 'G' && f.held[len(f.held)-1] != '/':
		f.release()
		f.pass(c)
		f.state = ground
	case c == esc:
		f.releaseControls()
		f.hold(c, escape)
	case c == can || c == sub:
		f.drop(ground)
		f.pass(c)
	case c >= 0x80:
		f.drop(ground)
		f.run([]byte{c})
	case c >= 0x30 && c < del:
		f.drop(ground)
	default:
		f.hold(c, coding)
	}
}
