package sandbox

// A program whose file carries a privilege is refused. It is tried with copies of
// the test binary; one of them gets its capability from root of a sandbox.

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/mounts"
)

func TestCheckUnprivileged(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		mode os.FileMode
		caps bool
		want string
	}{
		{"plain", 0o755, false, "<nil>"},
		{"sticky", 0o755 | os.ModeSticky, false, "<nil>"},
		{"setuid", 0o755 | os.ModeSetuid, false, "refuse to run: the program's file carries a set-user-id or set-group-id bit"},
		{"setgid", 0o755 | os.ModeSetgid, false, "refuse to run: the program's file carries a set-user-id or set-group-id bit"},
		{"capability", 0o755, true, "refuse to run: the program's file carries a file capability"},
	} {
		name := dir + "/" + c.name
		if err := os.WriteFile(name, self, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, c.mode); err != nil {
			t.Fatal(err)
		}
		if c.caps {
			giveCapability(t, name)
		}
		cmd := exec.Command(name)
		cmd.Env = []string{"USANDBOX_TEST_ROLE=privileged"}
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != c.want {
			t.Errorf("%s: %q, %v", c.name, out, err)
		}
	}
	if err := CheckUnprivileged(); err != nil {
		t.Errorf("the tests themselves: %v", err)
	}
	for err, hint := range map[error]string{privileged("x", "chmod u-s,g-s"): "chmod u-s,g-s /"} {
		if !strings.HasPrefix(Hint(err), hint) {
			t.Errorf("hint %q", Hint(err))
		}
	}
}

// giveCapability gives a file a capability, as root of a sandbox may.
func giveCapability(t *testing.T, name string) {
	t.Helper()
	c := &Cmd{Args: []string{probePath, "setcap", "/file"}, Policy: Policy{
		Files:        []mounts.Entry{showProbe(t), mounts.Bind{Source: name, Target: "/file", Writable: true}},
		UID:          ID(0),
		Capabilities: caps.None.With(unix.CAP_SETFCAP),
	}}
	if out := output(t, c); out != "<nil>" {
		t.Fatalf("give %s a capability: %s", name, out)
	}
}
