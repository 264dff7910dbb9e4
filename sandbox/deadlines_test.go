package sandbox

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Output of a command whose output is counted, to writers of every kind: as much as is allowed.
func TestOutputLimit(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var buf bytes.Buffer
	for name, to := range map[string]io.Writer{"a buffer": &buf, "a file": file, "nothing": nil} {
		for _, x := range []struct {
			limit  int64
			ending Ending
			code   int
		}{{6, EndedByExit, 3}, {5, EndedByOutputLimit, 124}} {
			buf.Reset()
			file.Truncate(0)
			file.Seek(0, io.SeekStart)
			c := Command("sh", "-c", "echo one; echo -n 56 >&2; exit 3")
			c.Stdout, c.Stderr, c.OutputLimit, c.Grace = to, to, x.limit, time.Minute
			if x.ending.Limited() {
				c.Args[2] = "trap 'exit 9' TERM; echo one; echo -n 56 >&2; while :; do sleep 0.01; done"
			}
			var exit *ExitError
			if err := c.Run(); !errors.As(err, &exit) || exit.Ending != x.ending || exit.ExitCode() != x.code {
				t.Errorf("%s, %d: %v, %+v", name, x.limit, err, exit)
			}
			text, want := buf.String(), "one\n56"[:x.limit]
			switch to {
			case nil:
				continue
			case file:
				read, _ := os.ReadFile(file.Name())
				text = string(read)
			}
			if text != want {
				t.Errorf("%s, %d: printed %q, want %q", name, x.limit, text, want)
			}
		}
	}
}

// What ends a command is told apart.
func TestEnding(t *testing.T) {
	for _, x := range []struct {
		name   string
		script string
		set    func(*Cmd)
		want   Ending
	}{
		{"itself", "exit 0", func(c *Cmd) { c.Timeout = time.Minute }, EndedByExit},
		{"a signal", "kill -KILL $$", func(c *Cmd) { c.Timeout = time.Minute }, EndedBySignal},
		{"Kill", "sleep 1000", func(c *Cmd) { c.Timeout = time.Minute }, EndedByKill},
		{"the timeout", "sleep 1000", func(c *Cmd) { c.Timeout = 100 * time.Millisecond }, EndedByTimeout},
		{"idleness", "sleep 1000", func(c *Cmd) { c.IdleTimeout = 100 * time.Millisecond }, EndedByIdleTimeout},
		{"work", "while :; do :; done", func(c *Cmd) { c.CPUTime = 100 * time.Millisecond }, EndedByCPUTime},
	} {
		c := Command("sh", "-c", x.script)
		x.set(c)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if x.want == EndedByKill {
			c.Kill()
		}
		c.Wait()
		if r := c.Result(); r.Ending != x.want || (r.ExitCode() == exitLimit) != x.want.Limited() {
			t.Errorf("ended by %s: %q, code %d", x.name, r.Ending, r.ExitCode())
		}
	}
}

func TestDeadlinesRefused(t *testing.T) {
	for _, d := range []Deadlines{{Timeout: -1}, {Grace: -1}, {CPUTime: -1}, {IdleTimeout: -1}, {OutputLimit: -1}} {
		c := Command("true")
		c.Deadlines = d
		if err := c.Run(); err == nil || !strings.Contains(err.Error(), "negative") {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

func TestSameFile(t *testing.T) {
	open := func() *os.File {
		f, err := os.OpenFile(t.TempDir()+"/f", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a := open()
	fd, err := unix.Dup(int(a.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	dup := os.NewFile(uintptr(fd), "dup")
	defer dup.Close()
	again, err := os.Open(a.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if !sameFile(a, dup) || sameFile(a, again) || sameFile(a, open()) || sameFile(a, nil) || sameFile(nil, nil) || sameFile(&bytes.Buffer{}, a) {
		t.Error("files are taken for others")
	}
}
