package sandbox_test

// Commands that enter a running sandbox: the same confinement, streams of their own,
// and no longer than the sandbox.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/sandbox"
)

// enter runs a shell script in the sandbox of c.
func enter(t *testing.T, c *sandbox.Cmd, script string) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	e, err := c.Enter(&sandbox.Entry{Args: []string{"sh", "-c", script}, Stdout: w, Stderr: w})
	w.Close()
	if err != nil {
		return "", err
	}
	text, _ := io.ReadAll(r)
	r.Close()
	return string(text), e.Wait()
}

const confinement = `for k in mnt pid net user ipc uts cgroup; do readlink /proc/self/ns/$k; done
grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)' /proc/self/status; ulimit -n; pwd; cat /proc/self/uid_map`

func TestEnter(t *testing.T) {
	for _, keep := range []caps.Set{caps.None, caps.None.With(unix.CAP_NET_RAW).With(unix.CAP_CHOWN)} {
		t.Run(keep.String(), func(t *testing.T) {
			var own bytes.Buffer
			c := sandbox.Command("sh", "-c", confinement+"; echo; read line; exit 6")
			c.Policy.Capabilities = keep
			c.Enterable = true
			c.Stdout, c.Stderr = &own, &own
			in, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			entered, err := enter(t, c, confinement)
			if err != nil {
				t.Fatal(err, entered)
			}
			if _, err := enter(t, c, "exit 9"); exitCode(err) != 9 {
				t.Error(err)
			}
			if _, err := enter(t, c, "kill -9 $$"); exitCode(err) != 137 {
				t.Error(err)
			}
			// Nothing of usandbox's is open, init cannot be looked into, and the two
			// commands can signal each other: 2 is the sandbox's own.
			out, _ := enter(t, c, "ls /proc/self/fd; cat /proc/1/environ; readlink /proc/1/fd/0 || echo no fd; kill -0 2 && echo signalled; tr '\\0' '\\n' </proc/2/cmdline | head -1")
			if fds, rest, _ := strings.Cut(out, "cat:"); fds != "0\n1\n2\n3\n" || !strings.HasSuffix(rest, "denied\nno fd\nsignalled\nsh\n") {
				t.Errorf("%q", out)
			}
			fmt.Fprintln(in)
			if err := c.Wait(); exitCode(err) != 6 {
				t.Error(err)
			}
			if got := strings.TrimSuffix(own.String(), "\n"); got != entered || !strings.Contains(got, "NoNewPrivs:\t1") {
				t.Errorf("own\n%s\nentered\n%s", got, entered)
			}
			if _, err := enter(t, c, "true"); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

func exitCode(err error) int {
	var exit *sandbox.ExitError
	if !errors.As(err, &exit) {
		return -1
	}
	return exit.Result.ExitCode()
}

func TestHold(t *testing.T) {
	c := &sandbox.Cmd{Hold: true, Policy: sandbox.SystemPolicy()}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if out, err := enter(t, c, "echo $$ $(ps -e -o pid= | wc -l); (sleep 100 >/dev/null 2>&1 & ) ; exit 3"); exitCode(err) != 3 || !strings.HasPrefix(out, "2 ") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := enter(t, c, "pidof sleep >/dev/null && echo still there"); out != "still there\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := enter(t, c, "/nonexistent/x 2>&1; exit 0"); err != nil {
		t.Error(err)
	}
	// Both at once, until the sandbox is killed.
	r, w, _ := os.Pipe()
	var running []*sandbox.Entered
	for range 2 {
		e, err := c.Enter(&sandbox.Entry{Args: []string{"sh", "-c", "echo ready; exec sleep 100"}, Stdout: w})
		if err != nil {
			t.Fatal(err)
		}
		running = append(running, e)
	}
	w.Close()
	if _, err := io.ReadFull(r, make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	if err := running[0].Signal(unix.SIGTERM, true); err != nil || exitCode(running[0].Wait()) != 143 {
		t.Error(err)
	}
	c.Kill()
	if code := exitCode(running[1].Wait()); code != 137 {
		t.Error(code)
	}
	if code := exitCode(c.Wait()); code != 137 {
		t.Error(code)
	}
}

func TestEnterRefused(t *testing.T) {
	c := sandbox.Command("true")
	c.Enterable = true
	c.Policy.CommandIsInit = true
	var bad *sandbox.PolicyError
	if err := c.Start(); !errors.As(err, &bad) {
		t.Error(err)
	}
	c = sandbox.Command("true")
	c.Enterable = true
	c.Policy.Capabilities = caps.None.With(unix.CAP_SYS_ADMIN)
	if err := c.Start(); !errors.As(err, &bad) {
		t.Error(err)
	}
	c = sandbox.Command("sleep", "100")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := enter(t, c, "true"); err == nil {
		t.Error("a sandbox that is not enterable was entered")
	}
	c.Kill()
	c.Wait()
}
