package terminal

import (
	"bytes"
	"strconv"
	"strings"
)

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
