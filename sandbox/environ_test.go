package sandbox

// The environment and the places where a command is looked for: pure functions,
// for commands that are supervised and for programs that are compiled.

import (
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/mounts"
)

func TestDefaultEnv(t *testing.T) {
	for _, c := range []struct{ environ, want []string }{
		{nil, []string{}}, // not nil: that would mean the default again
		{[]string{"PATH=/bin", "HOME=/h", "USER=u", "LOGNAME=u", "SHELL=/bin/sh", "TERM=x", "COLORTERM=y", "LANG=C", "TZ=UTC", "NO_COLOR=1"},
			[]string{"PATH=/bin", "HOME=/h", "USER=u", "LOGNAME=u", "SHELL=/bin/sh", "TERM=x", "COLORTERM=y", "LANG=C", "TZ=UTC", "NO_COLOR=1"}},
		{[]string{"LC_ALL=C", "LC_=", "LC_X", "LANGUAGE=en", "LCX=1", "PATHS=/x", "path=/x", "XPATH=/x", "HOME"}, []string{"LC_ALL=C", "LC_="}},
		{[]string{"SSH_AUTH_SOCK=/x", "AWS_SECRET_ACCESS_KEY=x", "DBUS_SESSION_BUS_ADDRESS=x", "GITHUB_TOKEN=x", "LD_PRELOAD=x",
			"XDG_RUNTIME_DIR=x", "WAYLAND_DISPLAY=x", "DISPLAY=x", "PWD=x", "=x", ""}, []string{}},
		{[]string{"TZ=a=b", "TZ="}, []string{"TZ=a=b", "TZ="}},
	} {
		if got := DefaultEnv(c.environ); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %q, want %q", c.environ, got, c.want)
		}
	}
	names := PassedNames()
	names[0] = "CHANGED"
	if !slices.Contains(PassedNames(), "PATH") || !slices.Contains(PassedNames(), "LC_*") {
		t.Errorf("PassedNames: %q", PassedNames())
	}
}

func TestCandidates(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want []string
	}{
		{"/bin/sh", []string{"PATH=/x"}, []string{"/bin/sh"}},
		{"./configure", nil, []string{"./configure"}},
		{"a/b", nil, []string{"a/b"}},
		{"sh", nil, []string{"/usr/local/bin/sh", "/usr/bin/sh", "/bin/sh"}},
		{"sh", []string{"PATH=/a:/b/"}, []string{"/a/sh", "/b/sh"}},
		{"sh", []string{"PATH=/a", "PATH=/b"}, []string{"/b/sh"}},
		// Nothing relative: the working directory is the untrusted folder.
		{"sh", []string{"PATH=:/a:.:bin:../b:"}, []string{"/a/sh"}},
		{"sh", []string{"PATH="}, []string{"/sh"}},
		{"sh", []string{"PATH=."}, []string{"/sh"}},
		{"sh", []string{"PATH=/"}, []string{"/sh"}},
	} {
		if got := candidates(c.name, c.env); !slices.Equal(got, c.want) {
			t.Errorf("%s in %q: %q, want %q", c.name, c.env, got, c.want)
		}
	}
}

func TestResolved(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/tool", "", 0o755)
	t.Setenv("PATH", "relative:"+dir+":/usr/bin")
	for _, c := range []struct {
		name string
		set  []string
		want []string
	}{
		{"tool", nil, []string{dir + "/tool", "/usr/local/bin/tool", "/usr/bin/tool", "/bin/tool"}},
		{"tool", []string{"PATH=/only"}, []string{"/only/tool"}},
		{"none", nil, []string{"/usr/local/bin/none", "/usr/bin/none", "/bin/none"}},
		{"./tool", nil, []string{"./tool"}},
	} {
		if got := resolved(c.name, c.set); !slices.Equal(got, c.want) {
			t.Errorf("%s in %q: %q, want %q", c.name, c.set, got, c.want)
		}
	}
}

func TestEnvironmentRules(t *testing.T) {
	keep := func(prefix string) launch.EnvRule { return launch.EnvRule{Prefix: prefix, Keep: true} }
	drop := func(prefix string) launch.EnvRule { return launch.EnvRule{Prefix: prefix} }
	for _, c := range []struct {
		env   []string
		set   []string
		rules []launch.EnvRule
	}{
		{[]string{}, nil, nil},
		{[]string{"A"}, nil, []launch.EnvRule{keep("A=")}},
		{[]string{"A=1=2"}, []string{"A=1=2"}, []launch.EnvRule{drop("A=")}},
		// What is dropped comes first, so that it wins.
		{[]string{"*", "LC_*", "-B", "A=1"}, []string{"A=1"}, []launch.EnvRule{drop("B="), drop("A="), keep(""), keep("LC_")}},
	} {
		set, rules := environmentRules(c.env)
		if !slices.Equal(set, c.set) || !slices.Equal(rules, c.rules) {
			t.Errorf("%q: %q, %+v", c.env, set, rules)
		}
	}
	_, rules := environmentRules(nil)
	_, named := environmentRules(PassedNames())
	if len(rules) == 0 || !slices.Equal(rules, named) {
		t.Errorf("nil: %+v", rules)
	}
}

func TestWithoutConsole(t *testing.T) {
	files := []mounts.Entry{mounts.Dev{Target: "/dev", Console: "/dev/pts/1"}, mounts.Dir{Target: "/d"}}
	got := withoutConsole(files)
	if got[0] != (mounts.Dev{Target: "/dev"}) || got[1] != files[1] || files[0].(mounts.Dev).Console == "" {
		t.Errorf("%v from %v", got, files)
	}
}

func TestPlanNeedsNothing(t *testing.T) {
	fds := testhost.OpenFDs(t)
	p, err := (&Cmd{Args: []string{"true"}, Policy: SystemPolicy(), ExtraFiles: []*os.File{nil, nil}}).Plan()
	if err != nil || len(p.Steps()) < 100 {
		t.Fatalf("%v", err)
	}
	if after := testhost.OpenFDs(t); !slices.Equal(fds, after) {
		t.Errorf("file descriptors before %q, after %q", fds, after)
	}
}
