package sandbox

// A Start that fails says what failed, with a type to act on, and leaves nothing:
// no file descriptor, also of pipes that were handed out before, and no process.

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/userns"
)

func isStep(call string, errno unix.Errno, exec bool) func(error) bool {
	return func(err error) bool {
		var e *launch.StepError
		return errors.As(err, &e) && e.Call == call && e.Errno == errno && e.Exec == exec && errors.Is(err, errno)
	}
}

func isField(field string) func(error) bool {
	return func(err error) bool {
		var e *PolicyError
		return errors.As(err, &e) && e.Field == field
	}
}

func TestStartFails(t *testing.T) {
	dir := t.TempDir()
	script := write(t, dir+"/not-executable", "#!/bin/sh\n", 0o644)
	write(t, dir+"/no-interpreter", "#!/nonexistent\n", 0o755)
	write(t, dir+"/no-program", "text", 0o755)
	show := mounts.Bind{Source: dir, Target: "/d"}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name   string
		change func(*Cmd)
		is     func(error) bool
		says   string
	}{
		{"no arguments", func(c *Cmd) { c.Args = nil }, nil, "no command"},
		{"empty name", func(c *Cmd) { c.Args[0] = "" }, nil, "no command"},
		{"ended context", func(c *Cmd) { c.ctx = ended }, nil, "context canceled"},
		{"NUL in an argument", func(c *Cmd) { c.Args = append(c.Args, "a\x00b") }, nil, "NUL"},
		{"NUL in the environment", func(c *Cmd) { c.Env = []string{"A=\x00"} }, nil, "NUL"},
		{"policy", func(c *Cmd) { c.Policy.Share = userns.SetOf(userns.PID) }, isField("Share"), "pid namespace"},
		{"id map", func(c *Cmd) { c.Policy.UIDMap = idmap.Map{{Inside: 0, Outside: 4000000000, Count: 3}} }, nil, ""},
		{"missing source", func(c *Cmd) { c.Policy.Files = append(c.Policy.Files, mounts.Bind{Source: "/none", Target: "/x"}) },
			func(err error) bool {
				var e *mounts.Error
				return errors.As(err, &e) && errors.Is(err, os.ErrNotExist)
			}, "bind /none on /x read-only: the source /none does not exist"},
		{"missing folder", func(c *Cmd) { c.Dir = "/none" }, isStep("chdir", unix.ENOENT, false),
			"change to the working directory /none: no such file or directory"},
		{"a file as folder", func(c *Cmd) { c.Dir = "/d/no-program" }, isStep("chdir", unix.ENOTDIR, false), "not a directory"},
		{"not found", func(c *Cmd) { c.Args = []string{"no-such-command"} }, isStep("fail", unix.ENOENT, true),
			"execute no-such-command: no such file or directory"},
		{"not executable", func(c *Cmd) { c.Args = []string{"/d/not-executable"} }, isStep("fail", unix.EACCES, true), "permission denied"},
		{"a folder", func(c *Cmd) { c.Args = []string{"/d"} }, isStep("fail", unix.EACCES, true), "execute /d: permission denied"},
		{"no interpreter", func(c *Cmd) { c.Args = []string{"/d/no-interpreter"} }, isStep("fail", unix.ENOENT, true), "no such file"},
		{"no program", func(c *Cmd) { c.Args = []string{"/d/no-program"} }, isStep("execve", unix.ENOEXEC, true), "exec format error"},
		{"outside only", func(c *Cmd) { c.Args = []string{script} }, isStep("fail", unix.ENOENT, true), "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			leavesNothing(t)
			cmd := Command("true")
			cmd.Policy.Files = append(cmd.Policy.Files, show)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("in"), new(bytes.Buffer), new(bytes.Buffer)
			c.change(cmd)
			err := cmd.Start()
			if os.Geteuid() == 0 && c.name == "id map" && err == nil { // all ids are root's to give
				cmd.Wait()
			} else if err == nil {
				t.Fatal("it started")
			} else if !strings.Contains(err.Error(), c.says) || c.is != nil && !c.is(err) {
				t.Errorf("%T: %v", err, err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("Wait after a failed Start")
			}
			cmd.Kill()
			if cmd.Signal(unix.SIGTERM) == nil {
				t.Error("Signal after a failed Start")
			}
		})
	}
}

// The pipes that were handed out are closed as well, at whatever point it fails.
func TestStartFailsWithPipes(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, change := range map[string]func(*Cmd){
		"before": func(c *Cmd) { c.ctx = ended },
		"plan":   func(c *Cmd) { c.Policy.Share = userns.SetOf(userns.PID) },
		"image":  func(c *Cmd) { c.Args = []string{"a\x00b"} },
		"step":   func(c *Cmd) { c.Dir = "/none" },
		"exec":   func(c *Cmd) { c.Args = []string{"no-such-command"} },
	} {
		t.Run(name, func(t *testing.T) {
			leavesNothing(t)
			c := Command("true")
			in, _ := c.StdinPipe()
			out, _ := c.StdoutPipe()
			errOut, _ := c.StderrPipe()
			change(c)
			if err := c.Start(); err == nil {
				t.Fatal("it started")
			}
			if _, err := in.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
				t.Errorf("Stdin is not closed: %v", err)
			}
			for name, r := range map[string]interface{ Close() error }{"Stdout": out, "Stderr": errOut} {
				if err := r.Close(); !errors.Is(err, os.ErrClosed) {
					t.Errorf("%s is not closed: %v", name, err)
				}
			}
			in.Close()
			for _, f := range c.pipes.theirs {
				f.Close()
			}
		})
	}
}

func TestTwice(t *testing.T) {
	leavesNothing(t)
	c := Command("true")
	if err := c.Wait(); err == nil || err.Error() != "sandbox: not started" {
		t.Errorf("Wait before Start: %v", err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err == nil || err.Error() != "sandbox: already started" {
		t.Errorf("a second Start: %v", err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil || err.Error() != "sandbox: Wait was called before" {
		t.Errorf("a second Wait: %v", err)
	}
	if err := c.Start(); err == nil {
		t.Error("Start after Wait")
	}
}
