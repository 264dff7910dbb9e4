package tests

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/tests/servers"
)

var update = flag.Bool("update", false, "write the golden files anew")

// tooLong is how long no script takes.
var tooLong = testhost.Patient(3 * time.Minute)

// folder is where everything the tests need lies; every user can read it.
var folder string

func TestMain(m *testing.M) {
	flag.Parse()
	if script := os.Getenv(scriptVariable); script != "" {
		if os.Getenv(worldVariable) != "" {
			os.Exit(runWorld(script))
		}
		os.Exit(runAlone(script))
	}
	os.Exit(prepared(m.Run))
}

// prepared builds the programs, runs f and cleans up.
func prepared(f func() int) int {
	var err error
	if folder, err = os.MkdirTemp(temporary(), "usandbox-tests-"); err != nil {
		return failed(err)
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil {
		return failed(err)
	}
	if err := testhost.Build(filepath.Join(folder, "bin"), "../cmd/usandbox", "./probe"); err != nil {
		return failed(err)
	}
	return f()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// temporary is a folder that everybody can reach. $TMPDIR may not be.
func temporary() string {
	const usual = "/tmp"
	if info, err := os.Stat(usual); err == nil && info.IsDir() {
		return usual
	}
	return os.TempDir()
}

// goFolder is the root of the Go installation.
func goFolder() string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// readSources opens what the programs are built from, so that the test cache knows
// that it matters. It notices only what is opened while a test runs.
func readSources() {
	filepath.WalkDir("..", func(name string, _ os.DirEntry, _ error) error {
		switch filepath.Ext(name) {
		case ".go", ".s", ".mod", ".sum":
			os.ReadFile(name)
		case ".git":
			return filepath.SkipDir
		}
		return nil
	})
}

func TestScript(t *testing.T) {
	readSources()
	scripts, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	if os.Getuid() != 0 {
		t.Run("user", func(t *testing.T) { testscript.RunT(direct{t}, params(scripts...)) })
		return
	}
	other, err := prepareUser(scripts)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("root", func(t *testing.T) { testscript.RunT(direct{t}, params(scripts...)) })
	t.Run("user", func(t *testing.T) {
		for _, script := range scripts {
			t.Run(strings.TrimSuffix(filepath.Base(script), ".txt"), func(t *testing.T) {
				t.Parallel()
				other.run(t, filepath.Base(script))
			})
		}
	})
}

// direct is a testscript.T that marks the reason of a skip, which is not the last
// thing that a script logs.
type direct struct{ *testing.T }

func (t direct) Verbose() bool    { return testing.Verbose() }
func (t direct) Skip(args ...any) { t.T.Skip("skip: " + fmt.Sprint(args...)) }
func (t direct) Run(name string, f func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { f(direct{t}) })
}

func params(scripts ...string) testscript.Params {
	return testscript.Params{
		Files:              scripts,
		Setup:              setup,
		Cmds:               commands,
		Condition:          condition,
		RequireUniqueNames: true,
	}
}

// setup makes the project and the home folder, and the environment of somebody
// who has just logged in.
func setup(env *testscript.Env) error {
	// Ids that a script maps have to reach the project.
	for _, dir := range []string{filepath.Dir(env.WorkDir), env.WorkDir} {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"project", "home"} {
		if err := os.MkdirAll(filepath.Join(env.WorkDir, name), 0o755); err != nil {
			return err
		}
	}
	env.Cd = filepath.Join(env.WorkDir, "project")
	name := userName()
	bin := filepath.Join(folder, "bin")
	env.Setenv("BIN", bin)
	env.Setenv("GOROOT", goFolder())
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("PATH", strings.Join([]string{
		bin, filepath.Join(env.Getenv("GOROOT"), "bin"),
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
		"/run/current-system/sw/bin",
	}, ":"))
	if theWorld != nil && os.Getuid() != 0 {
		dir, err := unprivileged(env.WorkDir)
		if err != nil {
			return err
		}
		env.Setenv("PATH", dir+":"+env.Getenv("PATH"))
	}
	env.Setenv("USER", name)
	env.Setenv("LOGNAME", name)
	env.Setenv("SHELL", "/bin/sh")
	env.Setenv("TERM", "dumb")
	env.Setenv("LANG", "C.UTF-8")
	env.Setenv("SOON", testhost.Patient(300*time.Millisecond).String()) // a command has begun by then
	env.Setenv("LATER", testhost.Patient(time.Second).String())
	env.Setenv("UID", fmt.Sprint(os.Getuid()))
	env.Setenv("GID", fmt.Sprint(os.Getgid()))
	for name, file := range map[string]string{"SUBUID": "/etc/subuid", "SUBGID": "/etc/subgid"} {
		start := firstDelegated(file)
		env.Setenv(name, fmt.Sprint(start))
		env.Setenv(name+"5", fmt.Sprint(start+5))
		env.Setenv(name+"7", fmt.Sprint(start+7))
	}
	env.Values[backgroundKey] = &background{}
	env.Values[serversKey] = &running{list: map[string]*servers.Server{}}
	kill := func() { killChildren("WORK=" + env.WorkDir) }
	late := time.AfterFunc(tooLong, kill) // what hangs fails
	env.Defer(func() {
		late.Stop()
		kill()
	})
	return nil
}
