package escape

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usandbox/usandbox/internal/peer"
	"github.com/usandbox/usandbox/sandbox"
)

// peer says why bubblewrap is not attacked so; "": it is.
func (a *attack) peer() string {
	switch {
	case a.ours != "":
		return a.ours
	case a.inside == nil:
		return "it is about usandbox's own set-up"
	case strings.HasPrefix(a.defence, theFilter), a.name == "the filter itself":
		return "it has no filter of its own; its caller may bring one"
	case a.under != nil && !slices.Contains(a.under, build):
		return "it is about what is granted on request"
	}
	return ""
}

// bubblewrap runs the part inside in a sandbox that bubblewrap makes of the same
// policy, with the closest flags.
func (s *scene) bubblewrap() ([]byte, error) {
	s.Helper()
	s.asked = true
	args, err := peer.Args(s.cmd.Policy)
	if err != nil {
		s.Skip("skip: ", err)
	}
	args = append([]string{"--unshare-user", "--disable-userns"}, args...)
	env := []string{"--clearenv"}
	for _, kv := range s.cmd.Env {
		key, value, _ := strings.Cut(kv, "=")
		env = append(env, "--setenv", key, value)
	}
	cmd := exec.Command("bwrap", append(append(env, args...), s.cmd.Args...)...)
	cmd.Stdin, cmd.ExtraFiles = s.cmd.Stdin, s.cmd.ExtraFiles
	defer time.AfterFunc(patience, func() { cmd.Process.Kill() }).Stop()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = &sandbox.ExitError{}
	}
	return out, err
}

// TestPeer tries the attacks on bubblewrap, and prints which got through. That is no
// failure: with -update it is recorded, for the table in the documentation.
func TestPeer(t *testing.T) {
	if os.Getuid() == 0 || os.Getenv(peerVariable) != "" {
		return // this is about an ordinary user
	}
	version, err := exec.Command("bwrap", "--version").Output()
	if err != nil {
		t.Skip("skip: bubblewrap is not installed")
	}
	cmd := exec.Command(program, "-test.v", "-test.run=^TestEscape$/^"+bubblewrap+"$")
	cmd.Env = append(os.Environ(), folderVariable+"="+folder, peerVariable+"=1")
	out, _ := cmd.CombinedOutput()
	got := results{peer: string(bytes.TrimSpace(version)), got: map[string]string{}}
	line := regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): TestEscape/` + bubblewrap + `/([^/\s]+) `)
	for _, m := range line.FindAllStringSubmatch(string(out), -1) {
		i := slices.IndexFunc(attacks, func(a attack) bool { return a.testName() == m[2] })
		if i < 0 {
			t.Fatalf("BUG: no attack %q", m[2])
		}
		got.got[attacks[i].name] = map[string]string{"PASS": stopped, "FAIL": succeeded, "SKIP": notAsked}[m[1]]
	}
	for _, a := range attacks {
		if a.peer() == "" && got.got[a.name] == "" {
			t.Errorf("BUG: %s: not asked", a.name)
		}
	}
	if t.Failed() || testing.Verbose() {
		// Not to be taken for results of these tests.
		t.Logf("%s", regexp.MustCompile(`(?m)^ *(---|===) `).ReplaceAll(out, nil))
	}
	if t.Failed() {
		return
	}
	if err := os.WriteFile(filepath.Join(mine(), "results"), []byte(got.String()), 0o644); err != nil {
		t.Error(err)
	}
}
