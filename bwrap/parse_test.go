package bwrap

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// caller is one whose descriptor 3 holds arguments, and 4 a filter.
func caller(args string) Caller {
	return Caller{
		Env: []string{"HOME=/h", "PATH=/bin"},
		Load: func(fd int) ([]byte, error) {
			switch fd {
			case 3:
				return []byte(args), nil
			case 4:
				return make([]byte, 8), nil
			}
			return nil, unix.EBADF
		},
	}
}

func TestParseErrors(t *testing.T) {
	for _, x := range []struct{ args, want string }{
		{"--nope", "Unknown option --nope"},
		{"--bind /a", "--bind takes two arguments"},
		{"--ro-bind-fd 3", "--bind-fd takes two arguments"},
		{"--ro-bind-fd x /a", "Invalid fd: x"},
		{"--bind-fd -1 /a", "Invalid fd: -1"},
		{"--chdir", "--chdir takes one argument"},
		{"--remount-ro", "--remount-ro takes one argument"},
		{"--tmpfs", "--tmpfs takes an argument"},
		{"--overlay /a /b", "--overlay takes three arguments"},
		{"--overlay /a /b /c", "--overlay requires at least one --overlay-src"},
		{"--overlay-src /a --ro-overlay /b", "--ro-overlay requires at least two --overlay-src"},
		{"--overlay-src /a --dir /b", errLayers.Error()},
		{"--overlay-src /a", errLayers.Error()},
		{"--perms 0700 --bind /a /b", "--perms must be followed by an option that creates a file"},
		{"--perms 0700 --perms 0700", "--perms given twice for the same action"},
		{"--perms 10000 --dir /a", "--perms takes an octal argument <= 07777"},
		{"--perms 8 --dir /a", "--perms takes an octal argument <= 07777"},
		{"--size 0 --tmpfs /a", "--size takes a non-zero number of bytes"},
		{"--size -1 --tmpfs /a", "--size takes a non-zero number of bytes"},
		{"--size 1 --dir /a", "--size must be followed by --tmpfs"},
		{"--size 9223372036854775808 --tmpfs /a", "--size (for tmpfs) is limited to 9223372036854775807"},
		{"--chmod 9 /a", "--chmod takes an octal argument <= 07777"},
		{"--setenv A=B c", "setenv failed"},
		{"--unsetenv A=B", "unsetenv failed"},
		{"--uid x", "Invalid uid: x"},
		{"--gid -5", "Invalid gid: -5"},
		{"--cap-add NOPE", "unknown cap: NOPE"},
		{"--exec-label x", "labeling not supported on this system"},
		{"--argv0 a --argv0 b", "--argv0 used multiple times"},
		{"--seccomp 4 --add-seccomp-fd 4", "--add-seccomp-fd cannot be combined with --seccomp"},
		{"--add-seccomp-fd 4 --seccomp 4", "--seccomp cannot be combined with --add-seccomp-fd"},
		{"--args 9", "Can't read --args data: Bad file descriptor"},
		{"--args 3", "--args not supported in arguments file"},
		{strings.Repeat("--new-session ", 9001), "Exceeded maximum number of arguments 9000"},
	} {
		_, _, err := Parse(strings.Fields(x.args), caller("--args\x003\x00"))
		if e := (*Error)(nil); !errors.As(err, &e) || e.Text != x.want {
			t.Errorf("%.60s: %v, want %q", x.args, err, x.want)
		}
	}
}

func TestParse(t *testing.T) {
	o, _, err := Parse([]string{
		"--perms", "0700", "--size", "0x1000", "--tmpfs", "/t", "--overlay-src", "a", "--overlay-src", "b", "--tmp-overlay", "/o",
		"--args", "3", "--setenv", "A", "2", "--unsetenv", "HOME", "--uid", " +7", "--", "--bind",
	}, caller("--dir\x00/d\x00--setenv\x00A\x001\x00"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Op{
		{Kind: Tmpfs, Dest: "/t", FD: -1, Perms: 0o700, Size: 4096},
		{Kind: TmpOverlay, Dest: "/o", FD: -1, Layers: []string{"b", "a"}},
		{Kind: Dir, Dest: "/d", FD: -1, Perms: 0o755},
	}
	if !slices.EqualFunc(o.Ops, want, func(a, b Op) bool {
		layers := slices.Equal(a.Layers, b.Layers)
		a.Layers, b.Layers = nil, nil
		return layers && a.Kind == b.Kind && a.Dest == b.Dest && a.FD == b.FD && a.Perms == b.Perms && a.Size == b.Size
	}) {
		t.Errorf("operations: %+v", o.Ops)
	}
	if !slices.Equal(o.Env, []string{"PATH=/bin", "A=2"}) || o.UID != 7 || !slices.Equal(o.Command, []string{"--bind"}) {
		t.Errorf("environment %q, uid %d, command %q", o.Env, o.UID, o.Command)
	}
}

func TestWarnings(t *testing.T) {
	var got []string
	c := caller("")
	c.Warn = func(level, text string) { got = append(got, level+text) }
	if _, _, err := Parse(strings.Fields("--chdir /a --chdir /b --level-prefix --info-fd 3 --info-fd 3 true"), c); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Only the last --chdir option will take effect", "<4>Only the last --info-fd option will take effect"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// FuzzParse compiles whatever can be read.
func FuzzParse(f *testing.F) {
	f.Add("--dir\n/a\n--symlink\nx\n/a/l\n--tmpfs\n/a/l/../t\ntrue")
	f.Add("--overlay-src\n/\n--tmp-overlay\n//\n--dev\n/\n--proc\n/a\n--file\n3\n/\n--chmod\n0\n.\ntrue")
	f.Add("--unshare-all\n--info-fd\n3\n--json-status-fd\n3\n--as-pid-1\n--remount-ro\n/..\ntrue")
	f.Fuzz(func(t *testing.T, text string) {
		o, _, err := Parse(strings.Split(text, "\n"), caller("--dir\x00/d\x00"))
		if err != nil || len(o.Command) == 0 {
			return
		}
		if strings.Contains(text, "\x00") {
			return
		}
		for i := range o.Ops { // what it shows shall not depend on the machine
			o.Ops[i].Try = true
		}
		p, err := Compile(o, "bwrap", Host{Dir: "/", TTY: "/dev/pts/0", Terminal: true})
		if err != nil {
			return
		}
		if _, err := p.Image(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// TestPlan compares the steps of one call with those that were looked at before. With UPDATE
// in the environment the file is written anew.
func TestPlan(t *testing.T) {
	args := strings.Fields("--unshare-user --unshare-pid --dev-bind / / --tmpfs /tmp --dir /tmp/a --symlink a /tmp/l --dir /tmp/l/b --ro-bind / /tmp/a/r --proc /proc --file 3 /tmp/f sh")
	o, _, err := Parse(args, caller(""))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(o, "bwrap", Host{UID: 1000, GID: 1000, Dir: "/"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i, s := range p.Steps() {
		for _, label := range p.LabelsAt(i) {
			b.WriteString(label + ":\n")
		}
		b.WriteString("  " + s.Process() + ": " + s.String() + "\n")
	}
	const file = "testdata/plan.golden"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the plan has changed: look at it, then UPDATE=1 go test ./bwrap\n%s", got)
	}
}
