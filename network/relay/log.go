package relay

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a log: lines that wait to be written, and how long its end is waited for.
const (
	logQueue = 1024
	logEnd   = 2 * time.Second
)

// logFile writes records as lines of JSON, without ever making the one who adds them wait.
type logFile struct {
	w       io.Writer // nil: no log
	room    int64
	queue   chan any
	done    chan struct{}
	dropped atomic.Uint64

	mu     sync.Mutex
	closed bool
}

// logEnded is the last line of a log that is not whole.
type logEnded struct {
	Time    time.Time `json:"time"`
	Dropped uint64    `json:"dropped"` // lines that are left out
	Reason  string    `json:"reason"`
}

func newLog(w io.Writer, size int64) *logFile {
	l := &logFile{w: w, room: size}
	if w != nil {
		l.queue, l.done = make(chan any, logQueue), make(chan struct{})
		go l.write()
	}
	return l
}

// add adds a record, or drops it if too many wait.
func (l *logFile) add(record any) {
	if l.w == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		l.dropped.Add(1)
		return
	}
	select {
	case l.queue <- record:
	default:
		l.dropped.Add(1)
	}
}

func (l *logFile) write() {
	defer close(l.done)
	why := "the log is slower than the sandbox"
	for record := range l.queue {
		line, err := json.Marshal(record)
		if err == nil && l.room > 0 && int64(len(line)) < l.room {
			l.room -= int64(len(line)) + 1
			_, err = l.w.Write(append(line, '\n'))
			if err == nil {
				continue
			}
		}
		l.dropped.Add(1)
		l.room = 0
		if why = "the log is full"; err != nil {
			why = fmt.Sprintf("the log cannot be written: %v", err)
		}
	}
	if n := l.dropped.Load(); n > 0 {
		if line, err := json.Marshal(logEnded{time.Now().UTC(), n, why}); err == nil {
			l.w.Write(append(line, '\n'))
		}
	}
}

// close ends the log. A reader that does not read is not waited for for long.
func (l *logFile) close() {
	if l.w == nil {
		return
	}
	l.mu.Lock()
	l.closed = true
	close(l.queue)
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-time.After(logEnd):
	}
}
