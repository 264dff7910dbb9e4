package terminal

import (
	"bytes"
	"strconv"
	"strings"
)

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

func (f *Filter) beginCSI() {
	f.state, f.param, f.params, f.more, f.five, f.private, f.query = csi, 0, false, false, false, false, false
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

// inNumber takes what is in the number of an OSC, and behind it.
func (f *Filter) inNumber(c byte) {
	clipboard, near := false, false
	for _, number := range clipboards {
		clipboard = clipboard || f.is(number)
		near = near || strings.HasPrefix(strconv.Itoa(number), string(f.number))
	}
	switch {
	case c >= '0' && c <= '9':
		if c != '0' || len(f.number) > 0 {
			f.number = append(f.number, c)
		}
		f.hold(c, oscNumber)
	case clipboard && (!control(c) || c == bel), strings.IndexByte(" +-", c) >= 0 && !f.digits():
		f.drop(dropping)
		f.inDropped(c)
	case c == esc:
		f.hold(c, oscEsc)
	case c == can || c == sub, near && (c == bel || c == c1ST):
		f.drop(ground)
	case control(c) && c != bel:
		f.hold(c, oscNumber)
	case c >= 0x80 && c != c1ST:
		f.drop(ground)
		f.run([]byte{c})
	case c == ';' && (f.is(1337) || f.is(50)): // iTerm2 has taken both
		f.match = 1
		f.hold(c, oscName)
	default:
		f.releaseOSC()
		f.run([]byte{c})
	}
}

// is reports whether a terminal may read the number of the OSC as n: some have 16 or
// 32 bits for it, and do not look whether it is more.
func (f *Filter) is(n int) bool {
	var v uint64
	for _, c := range f.number {
		v = 10*v + uint64(c-'0')
	}
	return int(uint16(v)) == n || int(uint32(v)) == n
}

// digits reports whether the OSC's number has one.
func (f *Filter) digits() bool { return bytes.ContainsAny(f.held, "0123456789") }

// inName takes a byte of what may be the word Copy.
func (f *Filter) inName(c byte) {
	switch {
	case c == copying[f.match]:
		f.hold(c, oscName)
		if f.match++; f.match == len(copying) {
			f.drop(dropping)
		}
	case c == esc:
		f.hold(c, oscEsc)
	case c == can || c == sub:
		f.drop(ground)
	case control(c) && c != bel:
		f.hold(c, oscName)
	case c >= 0x80 && c != c1ST:
		f.drop(ground)
		f.run([]byte{c})
	default:
		f.releaseOSC()
		f.run([]byte{c})
	}
}

// inOSCEsc takes what is behind ESC, where the OSC cannot be told yet.
func (f *Filter) inOSCEsc(c byte) {
	if c == '\\' {
		f.releaseOSC()
		f.pass(c)
		return
	}
	f.drop(ground)
	f.hold(esc, escape)
	f.step(c)
}

// releaseOSC lets through the beginning of an OSC.
func (f *Filter) releaseOSC() {
	switch string(f.number) {
	case "", "7", "8": // no number or 0, the title; the folder; a link
	default:
		f.answers = true
	}
	f.release()
	f.state = ground
}

func (f *Filter) inDropped(c byte) {
	within := f.need > 0 && c&0xc0 == 0x80
	switch {
	case c == bel || c == can || c == sub, c == c1ST && (!within || f.last == c1In):
		f.drop(ground)
		return
	case c == esc:
		f.drop(droppingEsc)
		return
	case within:
		f.need--
	case c >= 0xf0 && c <= 0xf4:
		f.need = 3
	case c >= 0xe0 && c < 0xf0:
		f.need = 2
	case c >= 0xc2 && c < 0xe0:
		f.need = 1
	default:
		f.need = 0
	}
	f.last = c
}

func (f *Filter) inCSI(c byte) {
	switch {
	case c == esc:
		f.hold(c, escape)
	case c >= 0x80:
		f.state = ground
		f.run([]byte{c})
	case c == can || c == sub:
		f.pass(c)
		f.state = ground
	case c >= 0x40 && c < del:
		f.pass(c)
		f.state = ground
		if c == 'n' && f.five && !f.private {
			f.asked++
		}
		f.answers = f.answers || !f.harmless(c)
	default:
		f.pass(c)
		switch {
		case c >= '0' && c <= '9' && !f.params:
			f.param = min(10*f.param+int(c-'0'), 1<<16)
		case c == ';' || c == ':' || c >= 0x20 && c < '0':
			f.params = true
		}
		f.more = f.more || c >= 0x20 && c < '0'
		f.query = f.query || c == '?'
		f.five = f.five || c == '5'
		f.private = f.private || c >= '<' && c <= '?'
	}
}

// harmless reports whether the CSI that ends in c is one that no terminal answers.
func (f *Filter) harmless(c byte) bool {
	switch {
	case f.more || f.query && c == 'm': // the latter asks how keys are sent
		return false
	case !f.private:
		return strings.IndexByte("@ABCDEFGHIJKLMPSTXZ`abdefghlmrs", c) >= 0
	case f.params:
		return c == 'm'
	case c == 'h': // of mode 25, the cursor, and the like; that of mode 1004 reports the focus
		switch f.param {
		case 1, 7, 12, 25, 47, 1047, 1048, 1049, 2004, 2026:
			return true
		}
		return false
	}
	return strings.IndexByte("JKlmrs", c) >= 0
}

// inDCS takes a byte of what may be a wrapper for tmux: parameters may come first.
func (f *Filter) inDCS(c byte) {
	switch {
	case f.match == 0 && (control(c) || c >= 0x20 && c < 0x40), f.match < len(wrapper) && c == wrapper[f.match]:
		f.hold(c, dcs)
		if c == wrapper[f.match] {
			if f.match++; f.match == len(wrapper) {
				f.release()
				f.state = wrapped
			}
		}
	default:
		f.release()
		f.state = ground
		f.run([]byte{c})
	}
}

// wrappedText takes what is in a wrapper, up to an ESC. There, each ESC stands
// twice.
func (f *Filter) wrappedText(b []byte) int {
	n := bytes.IndexByte(b, esc)
	if n == 0 {
		f.state = wrappedEsc
		return 1
	}
	if n < 0 {
		n = len(b)
	}
	f.wrap(b[:n])
	return n
}

func (f *Filter) inWrappedEsc(c byte) {
	switch c {
	case esc:
		f.state = wrapped
		f.wrap([]byte{esc})
	case '\\':
		f.out = append(f.out, esc, c)
		f.state = ground
		f.forget()
	default: // tmux passes over that ESC, another terminal ends the wrapper there
		f.out = append(f.out, esc, '\\')
		f.forget()
		f.hold(esc, escape)
		f.step(c)
	}
}

// wrap lets through in a wrapper what is let through of b.
func (f *Filter) wrap(b []byte) {
	if f.depth == maxDepth {
		return
	}
	if f.inner == nil {
		f.inner = &Filter{depth: f.depth + 1}
	}
	for _, c := range f.inner.Filter(b) {
		if c == esc {
			f.out = append(f.out, esc)
		}
		f.out = append(f.out, c)
	}
}
