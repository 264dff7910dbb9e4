package sandbox

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/terminal"
)

// withTerminal starts a command on a terminal of 33 rows and 77 columns and returns
// the master.
func withTerminal(t *testing.T, c *Cmd) (master *os.File) {
	t.Helper()
	c.Terminal = &Terminal{Prepare: func(m *os.File) error {
		master = m
		return terminal.SetSize(m, terminal.Size{Rows: 33, Cols: 77})
	}}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	return master
}

// lines reads n lines from a terminal.
func lines(t *testing.T, master *os.File, n int) (text string) {
	t.Helper()
	for r := bufio.NewReader(master); n > 0; n-- {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", text, err)
		}
		text += line
	}
	return text
}

func TestTerminal(t *testing.T) {
	for name, change := range map[string]func(*Cmd){
		"default":   func(*Cmd) {},
		"pid 1":     func(c *Cmd) { c.Policy.CommandIsInit = true },
		"sys_admin": func(c *Cmd) { c.Policy.Capabilities = c.Policy.Capabilities.With(unix.CAP_SYS_ADMIN) },
		"enterable": func(c *Cmd) { c.Enterable = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := Command("sh", "-c", "stty -echo; tty; stty size; read line; echo read $line >/dev/tty; stat -c %t /dev/console")
			change(c)
			master := withTerminal(t, c)
			got := lines(t, master, 2)
			master.WriteString("hello\n") // there is no echo any more
			if got += lines(t, master, 2); got != "/dev/pts/0\r\n33 77\r\nread hello\r\n88\r\n" {
				t.Errorf("got %q", got)
			}
			if err := c.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTerminalRefused(t *testing.T) {
	c := Command("true")
	c.Terminal = &Terminal{}
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Start(); !errors.Is(err, errNoStream) {
		t.Errorf("without a stream: %v", err)
	}
	c = Command("true")
	c.Terminal = &Terminal{Prepare: func(m *os.File) error { m.Close(); return os.ErrClosed }}
	if err := c.Start(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("an error of Prepare: %v", err)
	}
	if _, err := c.Standalone(); err == nil {
		t.Error("a compiled program has a terminal")
	}
	c = Command("true")
	c.Policy.Files = c.Policy.Files[:len(c.Policy.Files)-1] // no /dev
	c.Terminal = &Terminal{}
	if err := c.Start(); err == nil || !strings.Contains(Hint(err), "--pty never") {
		t.Errorf("without /dev/ptmx: %v", err)
	}
}

func TestEnterTerminal(t *testing.T) {
	c := &Cmd{Policy: SystemPolicy(), Hold: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Kill()
	enter := func(arg ...string) (*Entered, *os.File) {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
		defer theirs.Close()
		defer ours.Close()
		e, err := c.Enter(&Entry{Args: arg, Terminal: theirs})
		if err != nil {
			t.Fatal(err)
		}
		theirs.Close()
		master, err := ReceiveTerminal(ours)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { master.Close() })
		if err := terminal.SetSize(master, terminal.Size{Rows: 33, Cols: 77}); err != nil {
			t.Fatal(err)
		}
		ours.WriteString("!")
		return e, master
	}
	e, master := enter("sh", "-c", "tty; stty size; exit 3")
	if got := lines(t, master, 2); got != "/dev/pts/0\r\n33 77\r\n" {
		t.Errorf("got %q", got)
	}
	var exit *ExitError
	if err := e.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("it ended with %v", err)
	}
	// A key that stops, and a signal that continues.
	e, master = enter("sh", "-c", "echo ready; read a; echo $a; exit 4")
	lines(t, master, 1)
	master.WriteString("\x1a")
	if ws := <-e.Changes(); !ws.Stopped() {
		t.Errorf("it is not stopped but %v", ws)
	}
	e.Signal(unix.SIGCONT, true)
	master.WriteString("on\n")
	if ws := <-e.Changes(); ws.ExitStatus() != 4 {
		t.Errorf("it ended with %v", ws)
	}
	// The end of the terminal is the command's.
	e, master = enter("sh", "-c", "echo ready; read a; sleep 1000")
	lines(t, master, 1)
	master.Close()
	if ws := <-e.Changes(); ws.ExitStatus() != 128+int(unix.SIGHUP) {
		t.Errorf("it ended with %v", ws)
	}
}

// What comes from inside is not trusted.
func TestReceiveTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for name, fds := range map[string][]int{"another file": {int(null.Fd())}, "two files": {int(null.Fd()), int(null.Fd())}, "words": nil} {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		ours := os.NewFile(uintptr(pair[0]), "ours")
		var rights []byte
		if fds != nil {
			rights = unix.UnixRights(fds...)
		}
		unix.Sendmsg(pair[1], []byte("words"), rights, nil, 0)
		unix.Close(pair[1])
		if f, err := ReceiveTerminal(ours); err == nil {
			t.Errorf("%s is taken for a terminal: %v", name, f)
		}
		ours.Close()
	}
}
