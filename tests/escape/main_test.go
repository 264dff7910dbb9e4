package escape

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
)

const (
	roleVariable   = "USANDBOX_ESCAPE_ROLE"   // what the binary does instead of tests
	folderVariable = "USANDBOX_ESCAPE_FOLDER" // the folder of an outer test process
	peerVariable   = "USANDBOX_ESCAPE_PEER"   // attacks are tried on bubblewrap alone
	roundsVariable = "USANDBOX_ESCAPE_ROUNDS"
)

// negativeGroup is a group that the user without privilege is in, and that no
// file of the system belongs to.
const negativeGroup = 54321

// folder is where everything lies; every user can read it. program is the test
// binary and usandbox the command, both in it.
var folder, program, usandbox string

// roles are what the test binary does instead of tests. Those of attacks in a
// sandbox are in inside_test.go.
var roles = map[string]func(args []string){}

func TestMain(m *testing.M) {
	open := openFDs() // before anything else is opened
	if role, args, ok := strings.Cut(os.Getenv(roleVariable), " "); role != "" {
		os.Unsetenv(roleVariable)
		if role == "inside" {
			runInside(args, open)
		}
		if f := roles[role]; ok || f != nil {
			f(strings.Fields(args))
		}
		os.Exit(0)
	}
	flag.Parse()
	os.Exit(prepared(m.Run))
}

// again is the test binary in another role, on the host.
func again(role string, args ...string) *exec.Cmd {
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), roleVariable+"="+strings.Join(append([]string{role}, args...), " "))
	cmd.Stderr = os.Stderr
	return cmd
}

func prepared(f func() int) int {
	unix.Umask(0o022)
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if os.Getenv(folderVariable) == "" {
		defer os.RemoveAll(folder)
	}
	for _, name := range []string{"home", "tmp", "runtime"} {
		if err := os.MkdirAll(filepath.Join(mine(), name), 0o755); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	os.Setenv("HOME", filepath.Join(mine(), "home"))
	os.Setenv("TMPDIR", filepath.Join(mine(), "tmp"))
	os.Setenv("XDG_RUNTIME_DIR", filepath.Join(mine(), "runtime"))
	return f()
}

// mine is the folder of the user who runs the tests.
func mine() string { return filepath.Join(folder, strconv.Itoa(os.Getuid())) }

// prepare makes the folder, with a copy of this program and usandbox, or takes
// over that of the outer test process.
func prepare() (err error) {
	if folder = os.Getenv(folderVariable); folder == "" {
		if folder, err = os.MkdirTemp(temporary(), "usandbox-escape-"); err != nil {
			return err
		}
		if err = os.Chmod(folder, 0o755); err != nil {
			return err
		}
	}
	program, usandbox = filepath.Join(folder, "attack"), filepath.Join(folder, "usandbox")
	if os.Getenv(folderVariable) != "" {
		return nil
	}
	text, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(program, text, 0o755)
	}
	if err != nil {
		return err
	}
	return testhost.Build(folder, "../../cmd/usandbox")
}

// temporary is a folder that everybody can reach; $TMPDIR may not be.
func temporary() string {
	if info, err := os.Stat("/tmp"); err == nil && info.IsDir() {
		return "/tmp"
	}
	return os.TempDir()
}

// TestAsUser runs every other test once more as a user without privilege.
func TestAsUser(t *testing.T) {
	if os.Getuid() != 0 {
		return // this is that run
	}
	uid, gid := testhost.User()
	own := filepath.Join(folder, fmt.Sprint(uid))
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(own, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	if err := filesOfRoot(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.v")
	flag.Visit(func(f *flag.Flag) {
		if f.Name != "test.v" && f.Name != "test.testlogfile" && f.Name != "test.paniconexit0" && !strings.Contains(f.Name, "profile") {
			cmd.Args = append(cmd.Args, "-"+f.Name+"="+f.Value.String())
		}
	})
	cmd.Dir = own
	cmd.Env = append(os.Environ(), folderVariable+"="+folder, "USER=", "LOGNAME=")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: []uint32{negativeGroup}}, Setsid: true,
	}
	out, err := cmd.CombinedOutput()
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if strings.Contains(s.Text(), "--- SKIP") || strings.Contains(s.Text(), "skip: ") {
			t.Log(s.Text())
		}
	}
	if err != nil {
		t.Errorf("as user %d: %v\n%s", uid, err, onlyFailures(out))
	}
}

// filesOfRoot makes what only root can: a file that a group is shut out from, and
// a program that makes who executes it root.
func filesOfRoot() error {
	shut, setuid := filepath.Join(folder, "shut-out"), filepath.Join(folder, "setuid-of-root")
	for _, f := range []func() error{
		func() error { return os.WriteFile(shut, []byte("not for this group\n"), 0o707) },
		func() error { return os.Chown(shut, 0, negativeGroup) },
		func() error { return os.Chmod(shut, 0o707) },
		func() error { return makeSetuid(setuid) },
	} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// onlyFailures is the output of go test -v without what passed.
func onlyFailures(out []byte) string {
	var kept []string
	for line := range strings.Lines(string(out)) {
		trimmed := strings.TrimSpace(line)
		if !strings.HasPrefix(trimmed, "=== ") && !strings.HasPrefix(trimmed, "--- PASS") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// rounds is how often a race is run.
func rounds(t *testing.T, usual int) int {
	text := os.Getenv(roundsVariable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
