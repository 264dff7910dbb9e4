package sandbox

// The standard streams and further files: every kind of reader and writer, pipes,
// and exactly those file descriptors that were given.

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestStdin(t *testing.T) {
	leavesNothing(t)
	name := write(t, t.TempDir()+"/in", "from a file", 0o644)
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	big := strings.Repeat("0123456789", 100_000)
	for _, c := range []struct {
		name string
		in   io.Reader
		want string
	}{
		{"nil", nil, ""},
		{"file", file, "from a file"},
		{"reader", strings.NewReader("from a reader"), "from a reader"},
		{"slow reader", iotest.OneByteReader(strings.NewReader("slowly")), "slowly"},
		{"big reader", strings.NewReader(big), big},
		{"empty reader", strings.NewReader(""), ""},
	} {
		cmd := Command("cat")
		cmd.Stdin = c.in
		if got := output(t, cmd); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, len(got), len(c.want))
		}
	}
	if _, err := file.Stat(); err != nil {
		t.Errorf("the caller's file was closed: %v", err)
	}
}

// A command that does not read its input is no error, and a reader that never
// returns does not hold Wait up.
func TestStdinNotRead(t *testing.T) {
	leavesNothing(t)
	never, w := io.Pipe()
	defer w.Close()
	for name, in := range map[string]io.Reader{"big": strings.NewReader(strings.Repeat("x", 1<<20)), "never": never} {
		c := Command("true")
		c.Stdin = in
		done := make(chan error, 1)
		go func() { done <- c.Run() }()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("%s: Wait hangs", name)
		}
	}
}

func TestPipes(t *testing.T) {
	leavesNothing(t)
	c := sh("cat; echo done >&2")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errOut, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]func() error{
		"StdinPipe":  func() error { _, err := c.StdinPipe(); return err },
		"StdoutPipe": func() error { _, err := c.StdoutPipe(); return err },
		"StderrPipe": func() error { _, err := c.StderrPipe(); return err },
	} {
		if again() == nil {
			t.Errorf("a second %s", name)
		}
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"one\n", "two\n"} { // a conversation
		buf := make([]byte, 10)
		io.WriteString(in, line)
		if n, err := out.Read(buf); err != nil || string(buf[:n]) != line {
			t.Errorf("%q, %v", buf[:n], err)
		}
	}
	in.Close()
	if rest, err := io.ReadAll(out); err != nil || len(rest) != 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
	if rest, err := io.ReadAll(errOut); err != nil || string(rest) != "done\n" {
		t.Errorf("standard error %q, %v", rest, err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Wait the pipe is still open: %v", err)
	}
}

// failing is a writer that takes so many bytes and then fails.
type failing int

func (f *failing) Write(b []byte) (int, error) {
	if *f -= failing(len(b)); *f < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(b), nil
}

func TestStdoutFails(t *testing.T) {
	room := failing(10)
	c := sh("echo this is too long") // one write, so that no SIGPIPE follows
	c.Stdout = &room
	if err := c.Run(); err == nil || err.Error() != "the disk is full" {
		t.Errorf("error %v", err)
	}
	if c.Result() == nil {
		t.Error("no Result")
	}
}

// One writer for both streams is one pipe: what is written stays in order, and
// its Write is never called twice at once. One that cannot be compared is two.
func TestSameWriter(t *testing.T) {
	var out, errOut bytes.Buffer
	for _, same := range []bool{true, false} {
		out.Reset()
		c := sh("readlink /proc/$$/fd/1 /proc/$$/fd/2")
		c.Stdout, c.Stderr = &out, &errOut
		if same {
			c.Stderr = &out
		}
		if err := c.Run(); err != nil {
			t.Fatal(err)
		}
		if pipes := strings.Fields(out.String()); len(pipes) != 2 || (pipes[0] == pipes[1]) != same {
			t.Errorf("same writer %v: the streams are %q", same, pipes)
		}
	}
	c := sh("echo out; echo err >&2")
	c.Stdout, c.Stderr = uncomparable{io.Discard}, uncomparable{io.Discard}
	if err := c.Run(); err != nil {
		t.Error(err)
	}
}

type uncomparable []io.Writer

func (u uncomparable) Write(b []byte) (int, error) { return u[0].Write(b) }
