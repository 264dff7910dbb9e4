package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/usandbox/usandbox/internal/testhost"
)

// The test program runs itself as another user with these variables: the script
// to run, the folder of [prepared], and where to write the reason of a skip.
const (
	scriptVariable = "USANDBOX_TESTS_SCRIPT"
	folderVariable = "USANDBOX_TESTS_FOLDER"
	skipVariable   = "USANDBOX_TESTS_SKIP"
)

// exitSkipped is how that program ends when the script was skipped.
const exitSkipped = 3

// A person is the user without privilege that root runs the scripts as.
type person struct {
	uid, gid uint32
	dir      string // a folder of theirs, with a copy of all they need
}

// prepareUser chooses a user and gives them a folder.
func prepareUser(scripts []string) (person, error) {
	var p person
	var err error
	p.uid, p.gid = testhost.User()
	if p.dir, err = os.MkdirTemp(folder, "user-"); err != nil {
		return p, err
	}
	if err := os.Chmod(p.dir, 0o755); err != nil {
		return p, err
	}
	if err := p.copy(scripts); err != nil {
		return p, err
	}
	return p, os.Chown(p.dir, int(p.uid), int(p.gid))
}

// copy puts the test program and scripts into the person's folder.
func (p person) copy(scripts []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range append([]string{self}, scripts...) {
		to, mode := filepath.Base(name), os.FileMode(0o644)
		if name == self {
			to, mode = "tests", 0o755
		}
		text, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(p.dir, to), text, mode)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprint(os.Getuid())
}

// run runs a script as that user and reports what it reports.
func (p person) run(t *testing.T, script string) { p.runIn(t, script, false) }

// runIn does so in a world of its own, if asked to.
func (p person) runIn(t *testing.T, script string, world bool) {
	ctx, cancel := t.Context(), context.CancelFunc(func() {})
	if deadline, ok := t.Deadline(); ok {
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-5*time.Second))
	}
	defer cancel()
	reason := filepath.Join(p.dir, script+".skip")
	c := exec.CommandContext(ctx, filepath.Join(p.dir, "tests"))
	c.Dir = p.dir
	c.Env = append(os.Environ(), scriptVariable+"="+filepath.Join(p.dir, script), folderVariable+"="+folder,
		skipVariable+"="+reason, "TMPDIR="+p.dir, "GOTMPDIR="+p.dir, "HOME="+p.dir, "USER=")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.uid, Gid: p.gid}, Setsid: true}
	if os.Getuid() != 0 {
		c.SysProcAttr.Credential.NoSetGroups = true
	}
	if world {
		enclose(c, p.uid, p.gid)
	}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch text := string(bytes.TrimSpace(out)); {
	case err == nil:
		t.Log(text)
	case errors.As(err, &exit) && exit.ExitCode() == exitSkipped:
		why, _ := os.ReadFile(reason)
		t.Skip("skip: " + string(why))
	default:
		t.Fatalf("%s\n%v", text, err)
	}
}

// runAlone runs one script in a process of its own, and tells how it went by the
// exit code.
func runAlone(script string) int {
	folder = os.Getenv(folderVariable)
	t := &alone{log: os.Stdout}
	t.Run(script, func(testscript.T) { testscript.RunT(t, params(script)) })
	return t.code
}

// alone is a testscript.T that is no testing.T.
type alone struct {
	log  io.Writer
	code int
}

func (t *alone) Parallel()     {}
func (t *alone) Verbose() bool { return testing.Verbose() }
func (t *alone) Log(args ...any) {
	fmt.Fprintln(t.log, args...)
}

func (t *alone) FailNow() {
	t.code = 1
	runtime.Goexit()
}

func (t *alone) Fatal(args ...any) {
	t.Log(args...)
	t.FailNow()
}

func (t *alone) Skip(args ...any) {
	t.code = exitSkipped
	if err := os.WriteFile(os.Getenv(skipVariable), []byte(fmt.Sprint(args...)), 0o600); err != nil {
		t.Fatal(err)
	}
	runtime.Goexit()
}

// Run runs f in a goroutine that FailNow and Skip can end.
func (t *alone) Run(_ string, f func(testscript.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(t)
	}()
	<-done
}
