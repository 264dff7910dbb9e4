package sandbox

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/landlock"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
)

// onHost is a command in a sandbox without namespaces, in a folder of its own.
func onHost(t *testing.T, args ...string) *Cmd {
	t.Helper()
	if abi, _ := landlock.ABI(); abi < 6 {
		t.Skip("skip: no scopes of Landlock before Linux 6.12")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "project")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := HostPolicy(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &Cmd{Args: args, Policy: p}
}

func TestHost(t *testing.T) {
	leavesNothing(t)
	c := onHost(t, "sh", "-c", `echo $HOME; test -d "$HOME" && test -d "$TMPDIR" && pwd`)
	text := output(t, c)
	private := c.Policy.NoNamespaces.Private
	if want := private + "/home\n" + c.Policy.Dir + "\n"; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	if _, err := os.Lstat(private); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there", private)
	}
	var exit *ExitError
	for script, want := range map[string]int{"exit 7": 7, "kill -TERM $$": 143, "kill -KILL $$": 137} {
		c := onHost(t, "sh", "-c", script)
		if err := c.Run(); !errors.As(err, &exit) || exit.ExitCode() != want {
			t.Errorf("%s: %v", script, err)
		}
	}
	var step *launch.StepError
	c = onHost(t, "nonexistent")
	if err := c.Run(); !errors.As(err, &step) || !step.Exec || step.Errno != unix.ENOENT {
		t.Errorf("nonexistent: %v", err)
	}
	if _, err := os.Lstat(c.Policy.NoNamespaces.Private); !errors.Is(err, os.ErrNotExist) {
		t.Error("the private folder of a command that did not run is still there")
	}
}

// A folder that was there before is no private one: nothing is done to it.
func TestHostPrivateExists(t *testing.T) {
	c := onHost(t, "true")
	dir := t.TempDir()
	write(t, dir+"/mine", "mine", 0o644)
	c.Policy.NoNamespaces.Private = dir
	if err := c.Run(); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v", err)
	}
	if text, err := os.ReadFile(dir + "/mine"); string(text) != "mine" {
		t.Errorf("the folder is not what it was: %v", err)
	}
}

// leavesBehind starts processes that hold a lock, in sessions of their own, and ignore
// signals.
const leavesBehind = `for i in 1 2 3; do
	setsid sh -c 'trap "" TERM HUP INT; exec 9>lock; flock -s 9; echo held; while :; do sleep 1; done' &
done; %s`

// startLeaving starts such a command and waits until the lock is held.
func startLeaving(t *testing.T, then string, change func(*Policy)) *Cmd {
	t.Helper()
	c := onHost(t, "sh", "-c", strings.Replace(leavesBehind, "%s", then, 1))
	if change != nil {
		change(&c.Policy)
	}
	r, w := io.Pipe()
	c.Stdout = w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*time.Minute, c.Kill)
	defer late.Stop()
	lines := bufio.NewScanner(r)
	for range 3 {
		if !lines.Scan() {
			t.Fatal("nobody holds the lock")
		}
	}
	go io.Copy(io.Discard, r)
	return c
}

// free fails the test unless nobody holds the lock soon.
func free(t *testing.T, c *Cmd) {
	t.Helper()
	f, err := os.OpenFile(c.Policy.Dir+"/lock", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for end := time.Now().Add(2 * time.Minute); unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("what the command left runs on")
			return
		}
	}
}

// However a sandbox without namespaces ends, nothing of it is left; also where Landlock has
// no scope of signals, unless its supervisor is gone.
func TestHostEnds(t *testing.T) {
	const awaitGo = "while test ! -e go; do sleep 0.02; done"
	sayGo := func(c *Cmd) { write(t, c.Policy.Dir+"/go", "", 0o644) }
	older := func(p *Policy) { p.Landlock.ABI = 5 }
	for name, x := range map[string]struct {
		then   string
		change func(*Policy)
		end    func(*Cmd)
	}{
		"by itself":                  {awaitGo, nil, sayGo},
		"killed":                     {"wait", nil, (*Cmd).Kill},
		"outer killed":               {"wait", nil, func(c *Cmd) { unix.Kill(c.Pid(), unix.SIGKILL) }},
		"signal":                     {"wait", nil, func(c *Cmd) { c.Signal(unix.SIGTERM) }},
		"by itself, without a scope": {awaitGo, older, sayGo},
		"killed, without a scope":    {"wait", older, (*Cmd).Kill},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			leavesNothing(t)
			c := startLeaving(t, x.then, x.change)
			x.end(c)
			c.Wait()
			free(t, c)
		})
	}
}

// What needs namespaces is refused by its field.
func TestHostRefuses(t *testing.T) {
	for field, change := range map[string]func(*Policy){
		"Files":          func(p *Policy) { p.Files = []mounts.Entry{mounts.Proc{Target: "/proc"}} },
		"UID":            func(p *Policy) { p.UID = ID(0) },
		"Hostname":       func(p *Policy) { p.Hostname = "x" },
		"Capabilities":   func(p *Policy) { p.Capabilities = caps.None.With(unix.CAP_CHOWN) },
		"UserNamespaces": func(p *Policy) { p.UserNamespaces = true },
		"CommandIsInit":  func(p *Policy) { p.CommandIsInit = true },
		"NoNamespaces":   func(p *Policy) { p.NoNamespaces.Files = []HostPlace{{Path: "relative"}} },
	} {
		c := onHost(t, "true")
		change(&c.Policy)
		var policy *PolicyError
		if _, err := c.Plan(); !errors.As(err, &policy) || policy.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	c := onHost(t, "true")
	if _, err := c.Standalone(); err == nil {
		t.Error("it can be compiled")
	}
	for what, change := range map[string]func(*Cmd){
		"it can be entered":           func(c *Cmd) { c.Enterable = true },
		"it has a terminal":           func(c *Cmd) { c.Terminal = &Terminal{} },
		"what is refused is reported": func(c *Cmd) { c.ReportRefused = true },
	} {
		c := onHost(t, "true")
		change(c)
		if _, err := c.Plan(); err == nil {
			t.Error(what)
		}
	}
}

func TestNotGuaranteed(t *testing.T) {
	names := func(p Policy) (list []string) {
		for _, l := range p.NotGuaranteed() {
			list = append(list, l.Name)
		}
		return list
	}
	c := onHost(t, "true")
	for _, x := range []struct {
		abi  int
		want []string
	}{
		{7, []string{"metadata", "terminal", "git"}}, {6, []string{"metadata", "terminal", "git"}}, {5, []string{"metadata", "processes", "terminal", "git"}},
		{2, []string{"files", "metadata", "processes", "terminal", "git"}},
	} {
		p := c.Policy
		p.Landlock.ABI = x.abi
		if got := names(p); !slices.Equal(got, x.want) {
			t.Errorf("ABI %d: %q, want %q", x.abi, got, x.want)
		}
		if _, err := (&Cmd{Args: []string{"true"}, Policy: p}).Plan(); err != nil {
			t.Errorf("ABI %d: %v", x.abi, err)
		}
	}
	if got := names(SystemPolicy()); got != nil {
		t.Errorf("with namespaces: %q", got)
	}
	p := c.Policy
	p.Landlock.ABI = 1
	var unprotected *NoFilesError
	if _, err := (&Cmd{Args: []string{"true"}, Policy: p}).Plan(); !errors.As(err, &unprotected) || Hint(err) == "" {
		t.Errorf("ABI 1: %v", err)
	}
	for _, name := range []string{"metadata", "terminal", "git", "everything"} {
		p := c.Policy
		n := *p.NoNamespaces
		n.Require = []string{name}
		p.NoNamespaces = &n
		if _, err := (&Cmd{Args: []string{"true"}, Policy: p}).Plan(); err == nil {
			t.Errorf("%s is required, and it runs", name)
		}
	}
}

// A signal that comes before the caller is ready for it leaves no private folder.
func TestPrivateAfterForked(t *testing.T) {
	c := onHost(t, "true")
	private := c.Policy.NoNamespaces.Private
	c.Forked = func() {
		if _, err := os.Lstat(private); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the private folder is there already: %v", err)
		}
	}
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	// One that cannot be made ends the launch, and nothing that was there is removed.
	c = onHost(t, "true")
	c.Forked = func() {}
	if err := os.Mkdir(c.Policy.NoNamespaces.Private, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(c.Policy.NoNamespaces.Private)
	if err := c.Run(); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v, want that it exists", err)
	}
	if _, err := os.Lstat(c.Policy.NoNamespaces.Private); err != nil {
		t.Error(err)
	}
}
