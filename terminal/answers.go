package terminal

import (
	"time"

	"golang.org/x/sys/unix"
)

// A program may ask the terminal something, and end before it answers: the next to
// read would be the caller's shell. So something more is asked at the end, whose
// answer comes after all others: the terminal's status, DSR 5, which every terminal
// answers alike.
const (
	fence      = "\x1b[5n"
	fenceReply = "\x1b[0n"

	// answersWithin is how long the answers are waited for.
	answersWithin = 500 * time.Millisecond
)

// matcher counts fenceReply in input that comes in pieces.
type matcher struct{ at int }

func (m *matcher) count(b []byte) (n int) {
	for _, c := range b {
		switch {
		case c == fenceReply[m.at]:
			m.at++
		case c == fenceReply[0]:
			m.at = 1
		default:
			m.at = 0
		}
		if m.at == len(fenceReply) {
			n++
			m.at = 0
		}
	}
	return n
}

// takeAnswers reads and drops what the caller's terminal still answers, if anything
// was printed that it may answer. Nobody else reads it meanwhile, nor prints.
func (r *Relay) takeAnswers() {
	if !r.tty || !r.screen || !r.raw || !r.filter.Answers() || !foreground(r.in.fd) {
		return
	}
	deadline := time.Now().Add(answersWithin)
	if ready, _ := await(r.out.fd, unix.POLLOUT, -1, 0); ready {
		if n, err := r.out.write([]byte(fence)); err == nil && n == len(fence) {
			r.readAnswers(deadline, r.filter.Asked()+1-int(r.answered.Load()))
		}
	}
	unix.IoctlSetInt(r.in.fd, unix.TCFLSH, unix.TCIFLUSH)
}

func (r *Relay) readAnswers(deadline time.Time, want int) {
	buf := make([]byte, 4096)
	for want > 0 {
		left := time.Until(deadline)
		if left <= 0 {
			return
		}
		if ready, _ := await(r.in.fd, unix.POLLIN, -1, int(left.Milliseconds())+1); !ready {
			return
		}
		n, err := r.in.read(buf)
		if n == 0 && err != unix.EAGAIN {
			return
		}
		want -= r.answer.count(buf[:n])
	}
}
