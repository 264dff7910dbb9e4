package sandbox

// Caches are shown copy-on-write to commands of the library, are given back by Wait,
// and by a Start that fails.

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/cache"
	"github.com/usandbox/usandbox/mounts"
)

func TestCaches(t *testing.T) {
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HOME", "PIP_CACHE_DIR", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", home)
	project := home + "/project"
	write(t, project+"/file", "", 0o644)
	write(t, home+"/.cache/pip/host", "host", 0o644)
	t.Cleanup(func() { cache.Discard() })
	run := func(script string, change func(*Cmd)) (string, error) {
		t.Helper()
		layers, err := cache.For(project, true, []string{"pip"}, "")
		if err != nil {
			t.Fatal(err)
		}
		policy, err := BuildPolicy(project)
		if err != nil {
			t.Fatal(err)
		}
		c := sh(script)
		c.Policy, c.Caches = policy.WithCaches(layers), layers
		if change != nil {
			change(c)
		}
		out, err := c.CombinedOutput()
		if layers.Lock() != nil {
			t.Errorf("%s: the layers are not given back", script)
		}
		return string(out), err
	}
	cd := "cd " + home + "/.cache/pip && "
	if out, err := run(cd+"cat host && echo new >new && rm host", nil); err != nil || out != "host" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run(cd+"ls", nil); err != nil || out != "new\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := run("true", func(c *Cmd) {
		c.Policy.Files = append(c.Policy.Files, mounts.Bind{Source: "/nonexistent", Target: "/x"})
	}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := run("true", func(c *Cmd) { c.Args = []string{"/nonexistent"} }); err == nil {
		t.Error("a command that is not there")
	}
	list, err := filepath.Glob(home + "/.cache/usandbox/layers/*/[0-9]*")
	if err != nil || len(list) != 1 || !strings.HasSuffix(list[0], "/0") {
		t.Errorf("layers: %q, %v", list, err)
	}
	if list, err := os.ReadDir(home + "/.cache/pip"); err != nil || len(list) != 1 {
		t.Errorf("the host's: %v, %v", list, err)
	}
}
