package sandbox_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/sandbox"
)

// Nothing runs before the clock of file systems has ticked: neither a command, nor one
// that enters.
func TestCommandsWaitForTheClock(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", filepath.Join(t.TempDir(), "state"))
	dir := filepath.Join(t.TempDir(), "project")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run, err := cow.New([]string{"true"}, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*sandbox.Cmd{{Args: []string{"true"}}, {Args: []string{"true"}, Enterable: true}, {Hold: true}} {
		c.Policy, c.Changes = sandbox.SystemPolicy().WithCopyOnWrite(run, "--cow"), run
		p, err := c.Plan()
		if err != nil {
			t.Fatal(err)
		}
		waits := slices.ContainsFunc(p.Steps(), func(s *launch.Step) bool { return s.Doing() == "wait for the clock of file systems" })
		if !waits {
			t.Errorf("%+v, hold %v: it does not wait for the clock", c.Args, c.Hold)
		}
	}
}
