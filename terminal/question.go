package terminal

import (
	"sync"
	"time"
)

const (
	// notForUs is for how long what is typed after a question appeared cannot be an answer
	// to it: it was meant for the program inside.
	notForUs = 400 * time.Millisecond

	maxAnswer = 64
)

// cleared ends what the program inside may have begun to write, and left behind: a
// sequence that is not complete, colours, other character sets.
const cleared = "\x18\x1b[0m\x0f\x1b(B\r\n"

// question is one that the caller is asked, while the program inside gets nothing that is
// typed, and nothing that it prints is shown.
type question struct {
	echo  func([]byte)
	after time.Time

	mu   sync.Mutex
	line []byte
	ok   bool
	done chan struct{} // closed: line is the answer, if it is ok
}

// Ask shows a question and returns the line that is typed in answer. Text is as the
// caller's terminal gets it, and it has to be safe for it; a line ends with "\r\n". What the
// program inside prints meanwhile waits, so that it can neither cover the question nor
// pass for it. Not ok: Ctrl-C or Ctrl-D was typed, done was closed, the terminal is gone, or
// the caller's input is no terminal. Only one question may be asked at a time.
func (r *Relay) Ask(done <-chan struct{}, text string) (line string, ok bool) {
	if !r.tty || !r.inForeground(done) {
		return "", false
	}
	r.printing.Lock()
	defer r.printing.Unlock()
	q := &question{echo: func(b []byte) { r.print(b) }, after: time.Now().Add(notForUs), done: make(chan struct{})}
	if !r.print([]byte(cleared + text)) {
		return "", false
	}
	r.question.Store(q)
	defer r.question.Store(nil)
	select {
	case <-q.done:
	case <-done:
	case <-r.inDone:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ok {
		r.print([]byte("\r\n"))
	}
	return string(q.line), q.ok
}

// inForeground waits until the calling process is in the foreground: somebody else has
// the terminal before.
func (r *Relay) inForeground(done <-chan struct{}) bool {
	for !foreground(r.in.fd) {
		select {
		case <-done:
			return false
		case <-r.inDone:
			return false
		case <-time.After(lookAgain):
		}
	}
	return true
}

// typed takes what was typed. The terminal is raw: nothing is echoed but by this.
func (q *question) typed(b []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Now().Before(q.after) {
		return
	}
	for _, c := range b {
		select {
		case <-q.done:
			return
		default:
		}
		switch {
		case c == '\r' || c == '\n':
			q.ok = true
			q.echo([]byte("\r\n"))
			close(q.done)
		case c == 3 || c == 4: // Ctrl-C, Ctrl-D
			q.line = nil
			close(q.done)
		case c == 8 || c == 0x7f:
			if len(q.line) > 0 {
				q.line = q.line[:len(q.line)-1]
				q.echo([]byte("\b \b"))
			}
		case c == 0x15: // Ctrl-U
			for range q.line {
				q.echo([]byte("\b \b"))
			}
			q.line = nil
		case c >= ' ' && c < 0x7f && len(q.line) < maxAnswer:
			q.line = append(q.line, c)
			q.echo([]byte{c})
		}
	}
}
