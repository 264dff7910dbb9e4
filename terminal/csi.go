package terminal

import "strings"

func (f *Filter) beginCSI() {
	f.state, f.param, f.params, f.more, f.five, f.private, f.query = csi, 0, false, false, false, false, false
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
