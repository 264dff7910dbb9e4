package main

// The commands as far as they return: help for every one, errors with code 125,
// and the two forms of a plan.

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/sandbox"
)

// said is what dispatch returns and prints.
func said(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var files [2]*os.File
	for i := range files {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = files[0], files[1]
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	code = dispatch(args)
	var texts [2]string
	for i, f := range files {
		f.Seek(0, io.SeekStart)
		text, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(text)
	}
	return code, texts[0], texts[1]
}

func TestDispatch(t *testing.T) {
	for _, c := range []struct {
		args        string
		code        int
		out, errOut string // parts; "": nothing
	}{
		{"", 125, "", "usandbox runs commands"},
		{"help", 0, "usandbox runs commands", ""},
		{"--help", 0, "usandbox runs commands", ""},
		{"-h", 0, "usandbox runs commands", ""},
		{"help run", 0, "--ro SRC[:DST]", ""},
		{"run --help", 0, "--ro SRC[:DST]", ""},
		{"compile -h", 0, "save the program as FILE", ""},
		{"plan --help", 0, "print JSON", ""},
		{"version", 0, "usandbox ", ""},
		{"rn", 125, "", "usandbox: unknown command \"rn\"\nhint: did you mean usandbox run?\n"},
		{"something", 125, "", "hint: usandbox help lists the commands\n"},
		{"help something", 125, "", "usandbox: unknown command \"something\""},
		{"run", 125, "", "usandbox: no command is given\nhint: usandbox run -- make\n"},
		{"run --no-cw true", 125, "", "unknown flag: --no-cw\nhint: did you mean --no-cwd?\n"},
		{"compile --no-cwd true", 125, "", "usandbox: no output file is given\nhint: usandbox compile -o FILE ...\n"},
		{"plan --bare --ro /none true", 125, "", "usandbox: bind /none read-only: the source /none does not exist (from --ro /none)\n"},
	} {
		code, out, errOut := said(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errOut, c.errOut) ||
			(out == "") != (c.out == "") || (errOut == "") != (c.errOut == "") {
			t.Errorf("%s: code %d, %q, %q", c.args, code, out, errOut)
		}
	}
}

// Help on help is help. A process of its own: one that recurses for ever could
// not be stopped here.
func TestHelpHelp(t *testing.T) {
	if os.Getenv("USANDBOX_TEST_HELP") != "" {
		debug.SetMaxStack(1 << 20)
		os.Exit(dispatch(strings.Fields(os.Getenv("USANDBOX_TEST_HELP"))))
	}
	for _, args := range []string{"help help", "help --help", "-h -h", "--help help"} {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestHelpHelp$")
		cmd.Env = append(os.Environ(), "USANDBOX_TEST_HELP="+args)
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Run(); err != nil || !strings.HasPrefix(out.String(), "usandbox runs commands") {
			t.Errorf("%s: %v, %q, %.200q", args, err, out.String(), errOut.String())
		}
	}
}

func TestPlan(t *testing.T) {
	args := []string{"--bare", "--ro", "/usr:/x\x1b", "--hostname", "h", "--", "cmd", "arg"}
	code, text, errOut := said(t, append([]string{"plan"}, args...)...)
	if code != 0 || errOut != "" {
		t.Fatalf("code %d, %s", code, errOut)
	}
	code, asJSON, errOut := said(t, append([]string{"plan", "--json"}, args...)...)
	if code != 0 || errOut != "" {
		t.Fatalf("code %d, %s", code, errOut)
	}
	var steps []jsonStep
	if err := json.Unmarshal([]byte(asJSON), &steps); err != nil {
		t.Fatal(err)
	}
	cmd := &sandbox.Cmd{Args: []string{"cmd"}}
	program, err := cmd.Plan()
	if err != nil || len(steps) <= len(program.Steps()) {
		t.Errorf("%d steps, the zero policy has %d, %v", len(steps), len(program.Steps()), err)
	}
	processes, origin := "", false
	for i, s := range steps {
		if s.Step != i || s.Doing == "" || s.Call == "" || !strings.Contains(text, printable(s.Text)+"\n") || !strings.Contains(text, printable(s.Doing)) {
			t.Errorf("%+v", s)
		}
		if !strings.HasSuffix(processes, s.Process+" ") {
			processes += s.Process + " "
		}
		origin = origin || s.Origin == "--ro /usr:/x\x1b" && strings.HasPrefix(s.Doing, "bind /usr on /x")
	}
	if processes != "outer init command " || !origin {
		t.Errorf("processes %s, origin %v", processes, origin)
	}
	if strings.Contains(text, "\x1b") || strings.Contains(asJSON, "\x1b") {
		t.Error("a control character is printed as it is")
	}
	if !strings.HasPrefix(text, "outer:\n  prepare signals\n       0 rt_sigprocmask(") {
		t.Errorf("%.100q", text)
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	name := dir + "/program"
	for _, contents := range []string{"first", "second"} {
		if err := save(name, []byte(contents)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		text, _ := os.ReadFile(name)
		if err != nil || info.Mode() != 0o700 || string(text) != contents {
			t.Errorf("%v, %q, %v", info.Mode(), text, err)
		}
	}
	if err := os.Mkdir(dir+"/folder", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{dir + "/none/program", dir + "/folder"} {
		if err := save(bad, nil); err == nil || !strings.HasPrefix(err.Error(), "--output: ") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("left: %v, %v", list, err)
	}
}
