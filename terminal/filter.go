package terminal

import "bytes"

// Filter takes out of what a program prints whatever sets or asks for the
// terminal's clipboard: OSC 52, OSC 5522 of kitty, and Copy and CopyToClipboard in OSC
// 1337 of iTerm2. It is given the output piece
// by piece, cut anywhere, and holds back at most a few bytes of it.
//
// It knows the sequences in all their forms: begun by ESC ] or by the C1 control
// U+009D, in UTF-8 or as one byte; with control characters in between, which
// terminals pass over; ended by BEL, by ST, or aborted as terminals abort them, by
// CAN, SUB or ESC; with numbers that overflow to one of these, or begin with a space
// or a sign; and wrapped for tmux(1), which unwraps them. It takes the output
// for UTF-8, so a byte 0x9d within a character is none, and what switches the terminal
// to another encoding is left out (ESC % @).
//
// What cannot be told yet when the next sequence begins, or at the end of the
// output, is left out: the beginning of a sequence never comes through for another
// program to complete. That of an OSC whose number is nowhere near its end neither.
//
// The zero value is ready.
type Filter struct {
	state   filterState
	held    []byte // read, and not let through yet
	out     []byte // where the result is put together; used again
	before  [3]byte
	number  []byte // of the OSC: its digits without zeros in front
	match   int    // how much of the word tmux; was there
	need    int    // dropping: bytes that are missing to a character
	last    byte   // dropping: the byte before
	param   int    // of the CSI: its first parameter
	params  bool   // and there are more
	more    bool   // there is a character between parameters and end
	five    bool   // it may be DSR 5
	private bool
	query   bool // it is private, by ?

	inner *Filter // what is in a wrapper for tmux
	depth int

	seen    [3]byte // the last bytes that were given
	answers bool    // something that a terminal may answer has been let through
	asked   int     // how often it was asked for its status, DSR 5
}

type filterState uint8

const (
	ground      filterState = iota
	escape                  // after ESC
	coding                  // after ESC %
	oscNumber               // in the number of an OSC
	oscName                 // behind that, in what may be the word Copy
	oscEsc                  // after an ESC in these
	dropping                // in what is left out
	droppingEsc             // after an ESC in that
	csi                     // in a control sequence, which is let through
	dcs                     // in a DCS that may be a wrapper
	wrapped                 // in a wrapper
	wrappedEsc              // after an ESC in that
)

const (
	enq, bel, can, sub, esc, del = 0x05, 0x07, 0x18, 0x1a, 0x1b, 0x7f
	c1CSI, c1ST, c1OSC, c1In     = 0x9b, 0x9c, 0x9d, 0xc2 // the last: first byte of a C1 control in UTF-8

	maxHeld  = 64
	maxDepth = 3 // of wrappers in wrappers

	wrapper = "tmux;"
	copying = ";Copy"
)

// clipboards are the OSCs that are left out.
var clipboards = [...]int{52, 5522}

// Filter returns what of b is let through, behind what was held back before. The
// result may be b itself, and is valid until the next call.
func (f *Filter) Filter(b []byte) []byte {
	f.look(b)
	if len(b) == 0 || f.state == ground && len(f.held) == 0 && f.plain(b) {
		f.remember(b)
		return b
	}
	f.out = f.out[:0]
	f.run(b)
	return f.out
}

// look looks for what terminals answer, besides escape sequences: ENQ, and C1 controls
// but CSI and OSC.
func (f *Filter) look(b []byte) {
	if f.answers {
		return
	}
	f.answers = bytes.IndexByte(b, enq) >= 0
	for _, c := range [...]byte{0x90, 0x98, 0x9a, 0x9e, 0x9f} { // DCS, SOS, DECID, PM, APC
		for i := bytes.IndexByte(b, c); i >= 0 && !f.answers; {
			before := f.seen
			for _, c := range b[max(0, i-3):i] {
				before = push(before, c)
			}
			f.answers = before[2] == c1In || !continues(before)
			next := bytes.IndexByte(b[i+1:], c)
			if i += 1 + next; next < 0 {
				break
			}
		}
	}
	for _, c := range b[max(0, len(b)-3):] {
		f.seen = push(f.seen, c)
	}
}

func push(before [3]byte, c byte) [3]byte { return [3]byte{before[1], before[2], c} }

// plain reports whether nothing in b can begin a sequence.
func (f *Filter) plain(b []byte) bool {
	return bytes.IndexByte(b, esc) < 0 && bytes.IndexByte(b, c1OSC) < 0 && bytes.IndexByte(b, c1CSI) < 0 && b[len(b)-1] != c1In
}

// End returns what is to be printed at the end of the output. What is held back is
// left out.
func (f *Filter) End() []byte {
	var end []byte
	if f.state == wrapped || f.state == wrappedEsc {
		end = []byte{esc, '\\'}
	}
	answers, asked := f.Answers(), f.Asked()
	*f = Filter{answers: answers, asked: asked}
	return end
}

// Answers reports whether anything was let through that a terminal may answer, then or
// later: every sequence but those that are known to be harmless.
func (f *Filter) Answers() bool { return f.answers || f.inner != nil && f.inner.Answers() }

// Asked is how often what was let through asks for the terminal's status, DSR 5.
func (f *Filter) Asked() int {
	if f.inner != nil {
		return f.asked + f.inner.Asked()
	}
	return f.asked
}

// remember keeps the last bytes of b, to tell whether the next one continues a
// character.
func (f *Filter) remember(b []byte) {
	for _, c := range b[max(0, len(b)-3):] {
		f.before = push(f.before, c)
	}
}

// forget is for what was left out: a character does not go on behind it.
func (f *Filter) forget() { f.before = [3]byte{} }

// continues reports whether a byte from 0x80 to 0xbf is the next one of a character
// of UTF-8 that has begun before. In C1 controls it is not meant to be.
func continues(before [3]byte) bool {
	middle := func(c byte) bool { return c&0xc0 == 0x80 }
	a, b, c := before[0], before[1], before[2]
	switch {
	case c >= 0xc2 && c <= 0xf4:
		return true
	case middle(c) && b >= 0xe0 && b <= 0xf4:
		return true
	}
	return middle(c) && middle(b) && a >= 0xf0 && a <= 0xf4
}

// release lets through what is held.
func (f *Filter) release() {
	f.out = append(f.out, f.held...)
	f.remember(f.held)
	f.held = f.held[:0]
}

// releaseControls lets through, of what is held, what terminals obey at once:
// everything but ESC.
func (f *Filter) releaseControls() {
	for _, c := range f.held {
		if c != esc {
			f.out = append(f.out, c)
		}
	}
	f.held = f.held[:0]
	f.forget()
}

func (f *Filter) pass(c byte) {
	f.out = append(f.out, c)
	f.before = push(f.before, c)
}

func (f *Filter) hold(c byte, state filterState) {
	f.held = append(f.held, c)
	f.state = state
}

// drop leaves out what is held.
func (f *Filter) drop(state filterState) {
	f.held = f.held[:0]
	f.state = state
	f.need, f.last = 0, 0
	f.forget()
}
