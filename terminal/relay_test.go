package terminal

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// screen is a terminal for the caller: what comes to it is collected, and it answers
// what answer says.
type screen struct {
	t             *testing.T
	master, slave *os.File
	before        Modes
	answer        func(text string) string

	lock  sync.Mutex
	shown bytes.Buffer
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	s := &screen{t: t}
	var err error
	if s.master, s.slave, err = Open(); err != nil {
		t.Fatal(err)
	}
	if s.before, err = GetModes(s.slave); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.slave.Close(); s.master.Close() })
	return s
}

// show reads what comes, until the test ends.
func (s *screen) show() {
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := s.master.Read(buf)
			if err != nil {
				return
			}
			s.lock.Lock()
			s.shown.Write(buf[:n])
			s.lock.Unlock()
			if s.answer != nil {
				s.master.WriteString(s.answer(string(buf[:n])))
			}
		}
	}()
}

func (s *screen) text() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.shown.String()
}

func (s *screen) await(want string) {
	s.t.Helper()
	until(s.t, func() bool { return strings.Contains(s.text(), want) })
}

// patience is when nothing is waited for any more: the machine may be slow.
const patience = 2 * time.Minute

// until waits for what is true soon.
func until(t *testing.T, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not become true")
		}
	}
}

func (s *screen) unchanged() {
	s.t.Helper()
	if now, err := GetModes(s.slave); err != nil || now != s.before {
		s.t.Errorf("the modes are %v, not %v: %v", now, s.before, err)
	}
}

// relay runs a shell on a terminal of its own, in a session of its own, relayed to s.
func (s *screen) relay(script string, o Options) (*Relay, *exec.Cmd) {
	s.t.Helper()
	master, slave, err := Open()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	r, err := New(s.slave, s.slave, master, o)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Resume()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	slave.Close()
	r.Start()
	return r, cmd
}

func TestRelay(t *testing.T) {
	s := newScreen(t)
	if err := SetSize(s.master, Size{Rows: 33, Cols: 77}); err != nil {
		t.Fatal(err)
	}
	s.show()
	r, cmd := s.relay(`stty size; read line; echo "read $line"; printf '\033]52;c;QUJD\007'; echo done`, Options{})
	s.await("33 77\r\n")
	if modes, _ := GetModes(s.slave); modes != s.before.Raw() {
		t.Error("the terminal is not raw")
	}
	s.master.WriteString("hello\r")
	cmd.Wait()
	r.End(nil)
	s.await("read hello\r\ndone\r\n")
	if strings.Contains(s.text(), "52;c") {
		t.Errorf("OSC 52 came through: %q", s.text())
	}
	s.unchanged()
}

func TestRelayUnfiltered(t *testing.T) {
	s := newScreen(t)
	s.show()
	r, cmd := s.relay(`printf '\033]52;c;QUJD\007'`, Options{Unfiltered: true})
	cmd.Wait()
	r.End(nil)
	s.await("\x1b]52;c;QUJD\a")
}

// Everything that was printed comes through, whenever the program ends.
func TestRelayEverything(t *testing.T) {
	for range 200 {
		s := newScreen(t)
		s.show()
		r, cmd := s.relay(`seq 1 300; printf end`, Options{})
		cmd.Wait()
		r.End(nil)
		s.await("299\r\n300\r\nend")
		s.slave.Close()
		s.master.Close()
	}
}

// What is printed after the relay has found nothing to read, just before the end, is
// relayed as well, and the end is noticed.
func TestRelayLate(t *testing.T) {
	s := newScreen(t)
	s.show()
	master, slave, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	r, err := New(s.slave, s.slave, master, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Resume()
	go r.input()
	looks := 0
	go r.output(func(b []byte) (int, error) {
		n, err := descriptor{r.master, true}.read(b)
		if looks++; looks == 1 {
			if err != unix.EAGAIN {
				t.Errorf("there is something: %q, %v", b[:max(n, 0)], err)
			}
			slave.WriteString("late")
			r.ended.Store(true)
			r.wake()
		}
		return n, err
	})
	late := make(chan struct{})
	defer time.AfterFunc(patience, func() { close(late) }).Stop()
	if !wait(r.outDone, late) {
		t.Fatal("the end is not noticed")
	}
	r.End(late)
	s.await("late")
	s.unchanged()
}

func TestRelaySuspend(t *testing.T) {
	s := newScreen(t)
	s.show()
	r, cmd := s.relay(`trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done`, Options{})
	s.await("ready")
	r.Suspend()
	s.unchanged()
	SetSize(s.master, Size{Rows: 11, Cols: 22})
	r.Resume()
	cmd.Wait()
	r.End(nil)
	s.await("11 22\r\n")
	s.unchanged()
}

// What is typed while the relay is suspended comes after Resume, when the terminal inside
// has its size.
func TestRelayTypedEarly(t *testing.T) {
	s := newScreen(t)
	s.show()
	r, cmd := s.relay(`echo ready; read line; echo "read $line"; stty size`, Options{})
	s.await("ready")
	r.Suspend()
	SetSize(s.master, Size{Rows: 11, Cols: 22})
	s.master.WriteString("early\r")
	time.Sleep(50 * time.Millisecond) // time to do it wrong
	r.Resume()
	cmd.Wait()
	r.End(nil)
	s.await("read early\r\n11 22\r\n")
	s.unchanged()
}

// What the terminal answers too late for the program is read by nobody else.
func TestRelayAnswers(t *testing.T) {
	for name, x := range map[string]struct {
		ask    string
		answer map[string]string
	}{
		"cursor":   {`\033[6n`, map[string]string{"\x1b[6n": "\x1b[1;1R"}},
		"device":   {`\033[c\033[>c\033]10;?\007`, map[string]string{"\x1b[c": "\x1b[?1;2c", "\x1b[>c": "\x1b[>0;1;0c", "\x1b]10;?\a": "\x1b]10;rgb:0/0/0\a"}},
		"status":   {`\033[5n\033[6n\033[5n\033[6n`, map[string]string{"\x1b[6n": "\x1b[1;1R"}},
		"enquiry":  {`\005`, map[string]string{"\x05": "answerback\r"}},
		"nobody":   {`\033[c`, nil},
		"no fence": {`\033[6n`, map[string]string{"\x1b[6n": "\x1b[1;1R", fence: ""}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScreen(t)
			if x.answer != nil && x.answer[fence] == "" {
				if _, mute := x.answer[fence]; !mute {
					x.answer[fence] = fenceReply
				}
			}
			var pending string
			s.answer = func(text string) (reply string) {
				pending += text
				for pending != "" {
					n := 1
					for query, answer := range x.answer {
						if strings.HasPrefix(pending, query) {
							time.Sleep(10 * time.Millisecond) // it is far away
							reply += answer
							n = len(query)
						}
					}
					pending = pending[n:]
				}
				return reply
			}
			s.show()
			r, cmd := s.relay("stty -echo; printf '"+x.ask+"'", Options{})
			cmd.Wait()
			began := time.Now()
			r.End(nil)
			if took := time.Since(began); took > 5*answersWithin {
				t.Errorf("it took %v", took)
			}
			s.unchanged()
			raw := s.before.Raw()
			raw.termios.Cc[unix.VMIN] = 0
			SetModes(s.slave, raw)
			rest := make([]byte, 100)
			if n, _ := unix.Read(int(s.slave.Fd()), rest); n > 0 {
				t.Errorf("the shell reads %q", rest[:n])
			}
		})
	}
}

// A terminal that nobody reads does not hold the end up for ever.
func TestRelayAbort(t *testing.T) {
	s := newScreen(t)
	r, cmd := s.relay(`yes & sleep 0.1; kill $!`, Options{})
	cmd.Wait()
	abort := make(chan struct{})
	time.AfterFunc(50*time.Millisecond, func() { close(abort) })
	r.End(abort)
	s.unchanged()
}

// The end of the caller's terminal is that of the one inside.
func TestRelayHangUp(t *testing.T) {
	s := newScreen(t)
	r, cmd := s.relay(`echo ready; cat; exit 3`, Options{})
	if n, err := s.master.Read(make([]byte, 100)); n == 0 {
		t.Fatal(err)
	}
	s.master.Close()
	<-r.HungUp()
	cmd.Wait() // SIGHUP, or the end of its input
	r.End(nil)
}

// It is noticed while the relay is suspended, too.
func TestRelayHangUpSuspended(t *testing.T) {
	s := newScreen(t)
	r, cmd := s.relay(`echo ready; cat`, Options{})
	if n, err := s.master.Read(make([]byte, 100)); n == 0 {
		t.Fatal(err)
	}
	r.Suspend()
	s.master.WriteString("x") // ends the wait for what is typed
	s.master.Close()
	<-r.HungUp()
	cmd.Wait()
	r.End(nil)
}

func TestRelayOfPipes(t *testing.T) {
	for _, x := range []struct{ in, want string }{{"line\n", "<line>\r\n"}, {"half", "<half>\r\n"}, {"", ""}} {
		in, inWrite, _ := os.Pipe()
		outRead, out, _ := os.Pipe()
		master, slave, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-c", `cat | while read line || test "$line"; do echo "<$line>"; done`)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		modes, _ := GetModes(master)
		modes.termios.Lflag &^= unix.ECHO
		SetModes(master, modes)
		r, err := New(in, out, master, Options{})
		if err != nil {
			t.Fatal(err)
		}
		cmd.Start()
		slave.Close()
		r.Start()
		inWrite.WriteString(x.in)
		inWrite.Close()
		cmd.Wait()
		r.End(nil)
		out.Close()
		var got bytes.Buffer
		got.ReadFrom(outRead)
		if got.String() != x.want {
			t.Errorf("%q gives %q, want %q", x.in, got.String(), x.want)
		}
	}
}

func TestMaster(t *testing.T) {
	s := newScreen(t)
	if err := Master(s.master); err != nil {
		t.Error(err)
	}
	null, _ := os.Open(os.DevNull)
	defer null.Close()
	r, w, _ := os.Pipe()
	defer r.Close()
	defer w.Close()
	for _, f := range []*os.File{s.slave, null, r} {
		if Master(f) == nil {
			t.Errorf("%v is taken for a master", f.Name())
		}
	}
	if len(s.before.Bytes()) != 36 {
		t.Error("struct termios")
	}
}
