package sandbox

// Signals, Kill and a context that ends: what the command gets, what Wait says,
// and that everything in the sandbox is gone when Wait returns.

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stubborn does not end by itself, ignores every signal that can be ignored, has
// children in sessions of their own, and says when it is ready.
const stubborn = `trap "" TERM INT HUP QUIT
sleep 1000 & setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &)
echo ready
while :; do sleep 1000; done`

// started starts c and waits until it has said "ready". The rest of its output is
// to be read until all who hold it are gone.
func started(t *testing.T, c *Cmd) *bufio.Reader {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	c.Stdout = w
	err = c.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	r.SetReadDeadline(time.Now().Add(2 * time.Minute))
	out := bufio.NewReader(r)
	if line, err := out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return out
}

func TestContext(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(context.CancelFunc)
		want error
	}{
		{"cancelled", func(cancel context.CancelFunc) { cancel() }, context.Canceled},
		{"deadline", func(context.CancelFunc) {}, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			leavesNothing(t)
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			if c.want == context.DeadlineExceeded {
				ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
			}
			defer cancel()
			cmd := CommandContext(ctx, "sh", "-c", stubborn)
			out := started(t, cmd)
			c.end(cancel)
			if err := cmd.Wait(); err != c.want {
				t.Errorf("Wait: %v", err)
			}
			// Nobody is left who holds the pipe, now, not some time later.
			if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
				t.Errorf("after Wait: %q, %v", rest, err)
			}
			if s := cmd.Result().Status; s.Signal() != unix.SIGKILL {
				t.Errorf("status %#x", s)
			}
		})
	}
}

func TestContextEndedBefore(t *testing.T) {
	leavesNothing(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := CommandContext(ctx, "true").Run(); err != context.Canceled {
		t.Errorf("Run: %v", err)
	}
}

// A context that ends after the command has does not change how it ended.
func TestContextEndedAfter(t *testing.T) {
	leavesNothing(t)
	ctx, cancel := context.WithCancel(context.Background())
	c := CommandContext(ctx, "sh", "-c", "exit 3")
	err := c.Run()
	cancel()
	var exit *ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("Run: %v", err)
	}
}

func TestKill(t *testing.T) {
	leavesNothing(t)
	c := Command("sh", "-c", stubborn)
	c.Kill() // nothing to kill yet
	out := started(t, c)
	if err := c.Signal(unix.SIGTERM); err != nil { // ignored by the command
		t.Error(err)
	}
	c.Kill()
	c.Kill()
	var exit *ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.Status.Signal() != unix.SIGKILL || exit.ExitCode() != 137 {
		t.Errorf("Wait: %v", err)
	}
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
		t.Errorf("after Wait: %q, %v", rest, err)
	}
	c.Kill()
}

func TestSignal(t *testing.T) {
	const script = `trap 'exit 7' USR1; echo ready; while :; do sleep 0.01; done`
	for _, x := range []struct {
		sig  unix.Signal
		code int
	}{{unix.SIGUSR1, 7}, {unix.SIGTERM, 143}, {unix.SIGINT, 130}, {unix.SIGKILL, 137}} {
		leavesNothing(t)
		c := sh(script)
		if c.Signal(x.sig) == nil || c.SignalGroup(x.sig) == nil {
			t.Error("a signal before Start")
		}
		started(t, c)
		if err := c.Signal(x.sig); err != nil {
			t.Error(err)
		}
		if c.Wait(); c.Result().ExitCode() != x.code {
			t.Errorf("%v: code %d", x.sig, c.Result().ExitCode())
		}
		if err := c.Signal(x.sig); err != os.ErrProcessDone {
			t.Errorf("a signal after Wait: %v", err)
		}
		if err := c.SignalGroup(x.sig); err != os.ErrProcessDone {
			t.Errorf("a signal to the group after Wait: %v", err)
		}
	}
}

// A signal to the group reaches the child too, for which the shell waits in its trap.
func TestSignalGroup(t *testing.T) {
	leavesNothing(t)
	c := sh(`trap 'wait; exit 7' HUP; (trap 'exit 0' HUP; echo ready; while :; do sleep 0.01; done) & wait; exit 8`)
	started(t, c)
	if err := c.SignalGroup(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if c.Wait(); c.Result().ExitCode() != 7 {
		t.Errorf("code %d", c.Result().ExitCode())
	}
}

func TestWatchStops(t *testing.T) {
	leavesNothing(t)
	c := sh("kill -STOP $$; kill -TSTP $$; exit 5")
	c.WatchStops(func(unix.Signal) { t.Error("a stop before Start") })
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var stops []unix.Signal
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.WatchStops(func(sig unix.Signal) {
			stops = append(stops, sig)
			if err := c.Signal(unix.SIGCONT); err != nil {
				t.Error(err)
			}
		})
	}()
	c.Wait()
	<-ended
	if len(stops) != 2 || stops[0] != unix.SIGSTOP || stops[1] != unix.SIGTSTP || c.Result().ExitCode() != 5 {
		t.Errorf("stops %v, code %d", stops, c.Result().ExitCode())
	}
	c.WatchStops(func(unix.Signal) { t.Error("a stop after the end") })
}
