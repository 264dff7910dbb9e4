package terminal

import "bytes"

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
