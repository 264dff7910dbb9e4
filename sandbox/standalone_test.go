package sandbox

// Compiled sandboxes, saved to a file and executed without this package: what
// they pass on, whom they serve, what they say, and what is not in them.

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/mounts"
)

// compiled saves c as a program.
func compiled(t *testing.T, c *Cmd) string {
	t.Helper()
	image, err := c.Standalone()
	if err != nil {
		t.Fatal(err)
	}
	name := write(t, t.TempDir()+"/program", "", 0o755)
	if err := os.WriteFile(name, image, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestStandaloneArguments(t *testing.T) {
	name := compiled(t, sh(`printf '<%s>' "$0" "$@"; cat`, "own"))
	cmd := exec.Command(name, "more", "", "with space")
	cmd.Stdin = strings.NewReader(" input")
	if out, err := cmd.Output(); err != nil || string(out) != "<sh><own><more><><with space> input" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestStandaloneEnvironment(t *testing.T) {
	caller := []string{"PATH=/usr/bin:/bin", "HOME=/h", "LC_ALL=C", "LC_TIME=C", "SECRET=s", "OTHER=o", "A=caller"}
	for _, c := range []struct {
		env  []string
		want string
	}{
		{nil, "HOME=/h LC_ALL=C LC_TIME=C PATH=/usr/bin:/bin"},
		{[]string{}, ""},
		{[]string{"OTHER", "MISSING", "A=own", "B="}, "A=own B= OTHER=o"},
		{[]string{"*", "-SECRET", "-LC_TIME"}, "A=caller HOME=/h LC_ALL=C OTHER=o PATH=/usr/bin:/bin"},
		{[]string{"LC_*", "-LC_ALL"}, "LC_TIME=C"},
		{[]string{"*", "A=own", "-SECRET"}, "A=own HOME=/h LC_ALL=C LC_TIME=C OTHER=o PATH=/usr/bin:/bin"},
	} {
		sandboxed := &Cmd{Args: []string{"/usr/bin/sort", "-z", "/proc/self/environ"}, Env: c.env, Policy: SystemPolicy()}
		cmd := exec.Command(compiled(t, sandboxed))
		cmd.Env = caller
		out, err := cmd.Output()
		if got := strings.TrimSpace(strings.ReplaceAll(string(out), "\x00", " ")); err != nil || got != c.want {
			t.Errorf("%q: %q, want %q, %v", c.env, got, c.want, err)
		}
	}
}

// The program holds no value of the environment it was compiled in, unless it is
// one that was given.
func TestStandaloneHoldsNoEnvironment(t *testing.T) {
	for _, key := range []string{"SECRET_TOKEN", "LC_MONETARY", "LANG", "TERM", "USER", "SHELL", "PATH"} {
		value := "/value-of-" + key
		if key == "PATH" {
			value += ":" + os.Getenv("PATH")
		}
		t.Setenv(key, value)
	}
	for _, env := range [][]string{nil, {}, {"*"}, {"SECRET_TOKEN", "LC_*"}, {"GIVEN=/value-of-given"}} {
		c := Command("env")
		c.Env = env
		image, err := c.Standalone()
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if len(env) == 1 && strings.HasPrefix(env[0], "GIVEN") {
			want = 1
		}
		if n := bytes.Count(image, []byte("/value-of-")); n != want {
			t.Errorf("Env %q: %d values are in the program", env, n)
		}
	}
}

func TestStandaloneEnds(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/text", "#!/bin/sh\n", 0o644)
	gone := write(t, t.TempDir()+"/gone", "", 0o644)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"sh", "-c", "exit 3"}, 3, ""},
		{[]string{"sh", "-c", "kill -TERM $$"}, -1, ""}, // as the command ended: by the signal
		{[]string{"no-such-command"}, 127, "usandbox: execute no-such-command: no such file or directory\n"},
		{[]string{"/d/text"}, 126, "usandbox: execute /d/text: permission denied\n"},
		{[]string{"true"}, 125, "usandbox: bind " + gone + " on /gone read-only: no such file or directory\n"},
	} {
		cmd := &Cmd{Args: c.args, Policy: SystemPolicy()}
		cmd.Policy.Files = append(cmd.Policy.Files, mounts.Bind{Source: dir, Target: "/d"})
		if c.code == 125 {
			cmd.Policy.Files = append(cmd.Policy.Files, mounts.Bind{Source: gone, Target: "/gone"})
		}
		program := exec.Command(compiled(t, cmd))
		if c.code == 125 {
			os.Remove(gone)
		}
		var words bytes.Buffer
		program.Stderr = &words
		program.Run()
		if code := program.ProcessState.ExitCode(); code != c.code || words.String() != c.says {
			t.Errorf("%q: code %d, %q", c.args, code, words.String())
		}
	}
}

// Another user cannot run it: here one who is made up in a sandbox around it.
func TestStandaloneOtherUser(t *testing.T) {
	name := compiled(t, sh("echo ran"))
	outer := Command("/program")
	outer.Policy.Files = append(outer.Policy.Files, mounts.Bind{Source: name, Target: "/program"})
	outer.Policy.UID = ID(uint32(os.Getuid()) + 1)
	out, err := outer.Output()
	var exit *ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 125 || len(out) != 0 ||
		!strings.HasPrefix(string(exit.Stderr), "usandbox: check the user: this program was compiled for user id ") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestStandaloneRefuses(t *testing.T) {
	for field, policy := range map[string]Policy{
		"UIDMap": {UIDMap: idmap.One(0, 1)}, "GIDMap": {GIDMap: idmap.One(0, 1)}, "Share": {Share: 1 << 15},
	} {
		var refused *PolicyError
		if _, err := (&Cmd{Args: []string{"true"}, Policy: policy}).Standalone(); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, args := range [][]string{nil, {""}, {"a\x00"}} {
		if _, err := (&Cmd{Args: args}).Standalone(); err == nil {
			t.Errorf("Args %q: no error", args)
		}
	}
}

func TestStandaloneFiles(t *testing.T) {
	f, err := os.Open(write(t, t.TempDir()+"/file", "text", 0o644))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := sh("ls /proc/$$/fd")
	c.ExtraFiles = []*os.File{f, nil, f}
	cmd := exec.Command(compiled(t, c))
	cmd.ExtraFiles = []*os.File{f, f, f, f}
	if out, err := cmd.Output(); err != nil || strings.Join(strings.Fields(string(out)), " ") != "0 1 2 3 5" {
		t.Errorf("%q, %v", out, err)
	}
}
