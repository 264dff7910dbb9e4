package sandbox

// Commands that are really run, by the methods that run one to its end: what
// they return, and the Result.

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestOutput(t *testing.T) {
	for _, c := range []struct {
		script, out, errOut, err string
		code                     int
	}{
		{"echo out; echo err >&2", "out\n", "", "", 0},
		{"echo out; echo err >&2; exit 3", "out\n", "err\n", "exit status 3", 3},
		{"exit 255", "", "", "exit status 255", 255},
		{"kill -TERM $$", "", "", "signal: terminated", 143},
		{"kill -KILL $$", "", "", "signal: killed", 137},
		{"head -c 70000 /dev/zero >&2; exit 1", "", strings.Repeat("\x00", 64<<10), "exit status 1", 1},
	} {
		cmd := sh(c.script)
		out, err := cmd.Output()
		if string(out) != c.out {
			t.Errorf("%s: output %q", c.script, out)
		}
		var exit *ExitError
		switch {
		case c.code == 0:
			if err != nil {
				t.Errorf("%s: %v", c.script, err)
			}
		case !errors.As(err, &exit):
			t.Errorf("%s: the error is a %T: %v", c.script, err, err)
		case exit.ExitCode() != c.code || string(exit.Stderr) != c.errOut || exit.Error() != c.err:
			t.Errorf("%s: code %d, %q, standard error %q", c.script, exit.ExitCode(), exit, exit.Stderr)
		}
		if code := cmd.Result().ExitCode(); code != c.code {
			t.Errorf("%s: Result has code %d", c.script, code)
		}
	}
}

func TestCombinedOutput(t *testing.T) {
	out, err := sh("for i in 1 2 3; do echo out$i; echo err$i >&2; done; exit 4").CombinedOutput()
	var exit *ExitError
	if want := "out1\nerr1\nout2\nerr2\nout3\nerr3\n"; string(out) != want || !errors.As(err, &exit) || exit.ExitCode() != 4 {
		t.Errorf("%q, %v", out, err)
	}
	if exit != nil && exit.Stderr != nil {
		t.Errorf("Stderr is %q", exit.Stderr)
	}
}

func TestOutputAlreadySet(t *testing.T) {
	set := func(c *Cmd, out, errOut bool) *Cmd {
		if out {
			c.Stdout = os.Stdout
		}
		if errOut {
			c.Stderr = os.Stderr
		}
		return c
	}
	if _, err := set(sh(":"), true, false).Output(); err == nil {
		t.Error("Output with Stdout set")
	}
	for _, which := range []bool{true, false} {
		if _, err := set(sh(":"), which, !which).CombinedOutput(); err == nil {
			t.Error("CombinedOutput with a stream set")
		}
	}
}

func TestResult(t *testing.T) {
	c := sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 0.2")
	if c.Result() != nil {
		t.Error("a Result before Start")
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if c.Result() != nil {
		t.Error("a Result before Wait")
	}
	if name, err := os.Readlink("/proc/self/ns/pid"); err != nil || c.Pid() == os.Getpid() || unix.Kill(c.Pid(), 0) != nil {
		t.Errorf("Pid is %d (%s, %v)", c.Pid(), name, err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	r := *c.Result()
	if r.Wall < 200*time.Millisecond || r.Wall > 5*time.Minute {
		t.Errorf("Wall is %v", r.Wall)
	}
	if busy := r.User + r.System; r.User <= 0 || busy > r.Wall {
		t.Errorf("User is %v, System %v, Wall %v", r.User, r.System, r.Wall)
	}
	var own unix.Rusage // counts where it is larger, as the race detector makes it
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		t.Fatal(err)
	}
	if r.MaxRSS < 200<<10 || r.MaxRSS > max(100<<20, own.Maxrss<<10) {
		t.Errorf("MaxRSS is %d bytes", r.MaxRSS)
	}
}

func TestDir(t *testing.T) {
	for _, c := range []struct{ policy, dir, want string }{
		{"", "", "/\n"}, {"/usr", "", "/usr\n"}, {"/usr", "/etc", "/etc\n"}, {"", "/tmp", "/tmp\n"},
	} {
		cmd := Command("pwd")
		cmd.Dir, cmd.Policy.Dir = c.dir, c.policy
		if got := output(t, cmd); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestEnv(t *testing.T) {
	for _, kv := range os.Environ() {
		key, _, _ := strings.Cut(kv, "=")
		t.Setenv(key, "") // restored at the end
		if key != "PATH" && key != "TMPDIR" {
			os.Unsetenv(key)
		}
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	t.Setenv("LC_TIME", "C")
	t.Setenv("USANDBOX_SECRET", "secret")
	for _, c := range []struct{ env, want []string }{
		{nil, []string{"LC_TIME=C", "PATH=/usr/bin:/bin"}},
		{[]string{}, []string{""}},
		{[]string{"A=1", "B=2=3", "PATH=/bin:/usr/bin", "A=2"}, []string{"A=1", "A=2", "B=2=3", "PATH=/bin:/usr/bin"}},
	} {
		cmd := Command("env")
		cmd.Env = c.env
		got := strings.Split(strings.TrimSpace(output(t, cmd)), "\n")
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("Env %q: %q", c.env, got)
		}
	}
}
