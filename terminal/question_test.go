package terminal

import (
	"strings"
	"testing"
	"time"
)

// ask asks while the relay runs, once the question is on the screen and old enough to be
// answered.
func ask(t *testing.T, s *screen, r *Relay, typed string) (line string, ok bool) {
	t.Helper()
	type answer struct {
		line string
		ok   bool
	}
	c := make(chan answer)
	go func() {
		line, ok := r.Ask(nil, "really? ")
		c <- answer{line, ok}
	}()
	s.await("really? ")
	until(t, func() bool { return r.question.Load() != nil })
	s.master.WriteString("early\r") // for the program inside, who typed it says
	time.Sleep(notForUs + 200*time.Millisecond)
	s.master.WriteString(typed)
	select {
	case a := <-c:
		return a.line, a.ok
	case <-time.After(10 * time.Second):
		t.Fatal("no answer")
		return "", false
	}
}

// What is typed is the answer and does not reach the program inside, and what that prints
// is not shown before: it could pass for the question, or cover it.
func TestAsk(t *testing.T) {
	s := newScreen(t)
	s.show()
	r, cmd := s.relay(`echo begun; while [ ! -e `+t.TempDir()+`/never ]; do read line && echo "got $line" && [ "$line" = end ] && exit; done`, Options{})
	s.await("begun")
	for typed, want := range map[string]string{
		"once\r":           "once",
		"al\x7f\x7fno\r":   "no",
		"forget\x15yes\n":  "yes",
		"\x1b[Aa\r":        "[Aa",
		"\r":               "",
		"a\x00\x01\xc3b\r": "ab",
	} {
		if line, ok := ask(t, s, r, typed); line != want || !ok {
			t.Errorf("%q is %q, %v; want %q", typed, line, ok, want)
		}
	}
	for _, typed := range []string{"yes\x03", "yes\x04"} {
		if line, ok := ask(t, s, r, typed); ok || line != "" {
			t.Errorf("%q is %q, %v", typed, line, ok)
		}
	}
	s.master.WriteString("end\r")
	cmd.Wait()
	r.End(nil)
	s.await("got end")
	if text := s.text(); strings.Contains(text, "got early") || strings.Contains(text, "got once") {
		t.Errorf("the program inside got what was not for it: %q", text)
	}
	s.unchanged()
}

func TestAskHoldsBackWhatIsPrinted(t *testing.T) {
	s := newScreen(t)
	s.show()
	r, cmd := s.relay(`echo begun; while :; do echo noise; sleep 0.01; done`, Options{})
	s.await("noise")
	done := make(chan struct{})
	asked := make(chan bool)
	go func() {
		_, ok := r.Ask(done, "really? ")
		asked <- ok
	}()
	s.await("really? ")
	time.Sleep(200 * time.Millisecond)
	if _, after, _ := strings.Cut(s.text(), "really? "); after != "" {
		t.Errorf("shown behind the question: %q", after)
	}
	close(done)
	if <-asked {
		t.Error("an answer that nobody gave")
	}
	until(t, func() bool { _, after, _ := strings.Cut(s.text(), "really? "); return strings.Contains(after, "noise") })
	cmd.Process.Kill()
	cmd.Wait()
	r.End(nil)
}

// Whoever asks is told when the terminal is gone.
func TestAskWithoutTerminal(t *testing.T) {
	s := newScreen(t)
	r, cmd := s.relay(`sleep 60`, Options{})
	asked := make(chan bool)
	go func() {
		_, ok := r.Ask(nil, "really? ")
		asked <- ok
	}()
	until(t, func() bool { return r.question.Load() != nil })
	s.slave.Close()
	s.master.Close()
	select {
	case ok := <-asked:
		if ok {
			t.Error("an answer that nobody gave")
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for an answer")
	}
	cmd.Process.Kill()
	cmd.Wait()
	r.End(nil)
}
