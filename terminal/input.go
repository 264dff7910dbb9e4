package terminal

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// input relays what is typed.
func (r *Relay) input() {
	defer close(r.inDone)
	buf := make([]byte, 4096)
	newline := true // what was given last is whole for the line discipline
	for {
		if r.tty && !foreground(r.in.fd) {
			if _, woken := await(-1, 0, r.wakeIn[0], int(lookAgain.Milliseconds())); woken {
				return
			}
			continue
		}
		r.state.Lock()
		r.attach() // it may have come into the foreground just now
		r.state.Unlock()
		_, woken := await(r.in.fd, unix.POLLIN, r.wakeIn[0], -1)
		if woken {
			return
		}
		if r.tty && !foreground(r.in.fd) {
			continue
		}
		n, err := r.in.read(buf)
		switch {
		case n > 0:
			if r.tty {
				r.answered.Add(int64(r.answer.count(buf[:n])))
			}
			if q := r.question.Load(); q != nil {
				q.typed(buf[:n])
				continue
			}
			if !r.give(buf[:n]) {
				return
			}
			newline = buf[n-1] == '\n'
		case err == unix.EAGAIN:
		case r.tty:
			r.hangUp()
			return
		default:
			r.endOfFile(newline)
			return
		}
	}
}

// give writes what was typed to the master. False: there is nobody to read it.
func (r *Relay) give(b []byte) bool {
	master := descriptor{r.master, true}
	for len(b) > 0 {
		n, err := master.write(b)
		switch {
		case n > 0:
			b = b[n:]
		case err == unix.EAGAIN || err == nil:
			if _, woken := await(r.master, unix.POLLOUT, r.wakeIn[0], -1); woken {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// endOfFile is the end of an input that is no terminal: a program inside reads it as
// the end of its own, if it reads lines.
func (r *Relay) endOfFile(newline bool) {
	modes, err := getModes(r.master)
	if err != nil || modes.termios.Lflag&unix.ICANON == 0 {
		return
	}
	eof := []byte{modes.termios.Cc[unix.VEOF]}
	if !newline { // the first ends the line only
		eof = bytes.Repeat(eof, 2)
	}
	r.give(eof)
}
