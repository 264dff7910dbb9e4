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
		if milliseconds := r.others(); milliseconds > 0 {
			gone, woken := await(r.in.fd, 0, r.wakeIn[0], milliseconds)
			if gone && !woken {
				r.hangUp()
			}
			if gone || woken {
				return
			}
			continue
		}
		if _, woken := await(r.in.fd, unix.POLLIN, r.wakeIn[0], -1); woken {
			return
		}
		n, err := r.typed(buf)
		switch {
		case n > 0:
			if r.tty {
				r.answered.Add(int64(r.answer.count(buf[:n])))
			}
			if q := r.question.Load(); q != nil {
				q.typed(buf[:n])
				continue
			}
			r.watch.typed(buf[:n])
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

// others tells when to look again whether what is typed is for the command, in
// milliseconds. 0: it is. If it has become so just now, the terminal is made raw.
func (r *Relay) others() int {
	r.state.Lock()
	defer r.state.Unlock()
	switch {
	case r.tty && !foreground(r.in.fd):
		return int(lookAgain.Milliseconds())
	case r.tty && r.suspended: // the process is about to stop, or has just been continued
		return 5
	}
	r.attach()
	return 0
}

// typed reads what was typed, if it is for the command. What is typed while the relay is
// suspended is the shell's, or comes after Resume, when the terminal inside has its size.
func (r *Relay) typed(b []byte) (int, error) {
	if !r.in.nonblocking { // Suspend is not to wait for it
		if r.others() > 0 {
			return 0, unix.EAGAIN
		}
		return r.in.read(b)
	}
	r.state.Lock()
	defer r.state.Unlock()
	if r.suspended || !foreground(r.in.fd) {
		return 0, unix.EAGAIN
	}
	r.attach()
	return r.in.read(b)
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
