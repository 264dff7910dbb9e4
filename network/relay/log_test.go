package relay

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/network"
)

func lastLine(t *testing.T, text string) (e logEnded) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestLogSize(t *testing.T) {
	w := &lockedBuffer{}
	l := newLog(w, 10000)
	for range 500 {
		l.add(&Record{Name: "a.test"})
	}
	l.close()
	l.add(&Record{})
	text := w.String()
	n := strings.Count(text, "a.test")
	if len(text) > 10200 || n == 0 || n > 499 {
		t.Errorf("%d bytes, %d records", len(text), n)
	}
	if e := lastLine(t, text); e.Reason != "the log is full" || int(e.Dropped) != 500-n {
		t.Errorf("%+v, want %d", e, 500-n)
	}
}

type slowWriter struct {
	lockedBuffer
	hold chan struct{}
}

func (w *slowWriter) Write(b []byte) (int, error) {
	<-w.hold
	return w.lockedBuffer.Write(b)
}

// Who adds never waits for who writes.
func TestLogSlow(t *testing.T) {
	w := &slowWriter{hold: make(chan struct{})}
	l := newLog(w, 1<<20)
	began := time.Now()
	for range 5 * logQueue {
		l.add(&Record{Name: "a.test"})
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("took %s", d)
	}
	close(w.hold)
	l.close()
	n := uint64(strings.Count(w.String(), "a.test"))
	if e := lastLine(t, w.String()); n+e.Dropped != 5*logQueue || n < logQueue || e.Reason != "the log is slower than the sandbox" {
		t.Errorf("%+v, %d records", e, n)
	}
}

func TestLogBlocked(t *testing.T) {
	w := &slowWriter{hold: make(chan struct{})}
	defer close(w.hold)
	l := newLog(w, 1<<20)
	l.add(&Record{})
	began := time.Now()
	l.close()
	if d := time.Since(began); d > logEnd+time.Second {
		t.Errorf("took %s", d)
	}
}

func TestTally(t *testing.T) {
	tl := newTally()
	for i := range 5000 {
		name := "n" + string(rune('a'+i%26)) + strings.Repeat("x", i%200) + ".test"
		tg := &target{proto: network.TCP, name: name, verdict: network.Verdict{Reason: "no rule names it"}}
		tl.wants(tg)
		tl.add(tg, "program")
	}
	list, more := tl.list()
	sum := more
	for _, r := range list {
		sum += r.Count
	}
	if len(list) != MaxRefused || sum != 5000 {
		t.Errorf("%d names, %d in all", len(list), sum)
	}
}
