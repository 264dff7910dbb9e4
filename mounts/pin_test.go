package mounts_test

// What is protected in a writable folder cannot be walked around by renaming or
// replacing a folder that leads to it, in whatever way the tree came about.

import (
	"os"
	"os/exec"
	"testing"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

const walkAround = `{ mv /x/a /x/a2 && mkdir -p /x/a/b/c && echo moved; mv /x/a/b /x/a/b2 && echo moved
mv /x/a/b/c /x/a/b/c2 && echo moved; touch /x/a/b/c/new && echo written; rmdir /x/a/b/c && echo removed; } 2>/dev/null; true`

func TestPins(t *testing.T) {
	for name, entries := range map[string]func(dir string, grant, protect mounts.Entry) []mounts.Entry{
		"read-only": func(_ string, grant, protect mounts.Entry) []mounts.Entry { return []mounts.Entry{grant, protect} },
		"hidden": func(_ string, grant, _ mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Hide{Target: "/x/a/b/c"}}
		},
		"read-only bind": func(dir string, grant, _ mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Bind{Source: dir + "/a/b/c", Target: "/x/a/b/c"}}
		},
		"twice": func(_ string, grant, protect mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, protect, protect}
		},
		"and beside": func(_ string, grant, protect mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, mounts.ReadOnly{Target: "/x/a/file"}, protect}
		},
		"by a symlink": func(_ string, grant, _ mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Symlink{Link: "/x/a", Target: "/l"}, mounts.ReadOnly{Target: "/l/b/c"}}
		},
		"covered by the same": func(_ string, grant, protect mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, protect, grant, protect}
		},
		"covered by another": func(_ string, grant, protect mounts.Entry) []mounts.Entry {
			return []mounts.Entry{mounts.Bind{Source: project(t), Target: "/x", Writable: true}, protect, grant, protect}
		},
		"in part covered": func(dir string, grant, protect mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, protect, mounts.Bind{Source: dir + "/a", Target: "/x/a", Writable: true}, protect}
		},
		"in another grant": func(dir string, grant, protect mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Bind{Source: dir + "/a/b", Target: "/x/a/b", Writable: true}, protect}
		},
		"in a grant that may be missing": func(dir string, grant, protect mounts.Entry) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Bind{Source: dir + "/a/b", Target: "/x/a/b", Writable: true, Try: true}, protect}
		},
	} {
		dir := project(t)
		c := sandbox.Command("sh", "-c", walkAround)
		c.Policy.Files = append(c.Policy.Files,
			entries(dir, mounts.Bind{Source: dir, Target: "/x", Writable: true}, mounts.ReadOnly{Target: "/x/a/b/c"})...)
		if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		if text, err := os.ReadFile(dir + "/a/b/c/file"); err != nil || string(text) != "host\n" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// A program that was compiled when a source was there runs when it is not: what
// came with that source is as if it had not been asked for.
func TestVanishedSource(t *testing.T) {
	grant := mounts.Bind{Target: "/x", Writable: true}
	for name, c := range map[string]struct {
		entries func(gone string) []mounts.Entry
		script  string
		want    string
	}{
		"folders that it needed": {func(gone string) []mounts.Entry {
			return []mounts.Entry{mounts.Bind{Source: gone, Target: "/y/tried", Try: true}, mounts.Dir{Target: "/y/made"}}
		}, "ls -d /y/made", "/y/made\n"},
		"pins that it needed": {func(gone string) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Bind{Source: gone, Target: "/x/a/b", Try: true}, mounts.ReadOnly{Target: "/x/a/file"}}
		}, "mv /x/a /x/a2 2>/dev/null && echo moved; true", ""},
		"a mount that it was": {func(gone string) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Bind{Source: gone + "/a", Target: "/x/a", Writable: true, Try: true}, mounts.ReadOnly{Target: "/x/a/b/c"}}
		}, "mv /x/a /x/a2 2>/dev/null && echo moved; true", ""},
		"a read-only mount that it was": {func(gone string) []mounts.Entry {
			return []mounts.Entry{grant, mounts.Bind{Source: gone + "/a", Target: "/x/a", Try: true}, mounts.ReadOnly{Target: "/x/a/b/c"}}
		}, "{ mv /x/a /x/a2 || mv /x/a/b /x/a/b2; } 2>/dev/null && echo moved; true", ""},
	} {
		grant.Source = project(t)
		gone := project(t)
		sandboxed := sandbox.Command("sh", "-c", c.script)
		sandboxed.Policy.Files = append(sandboxed.Policy.Files, c.entries(gone)...)
		image, err := sandboxed.Standalone()
		if err != nil {
			t.Fatal(err)
		}
		program := t.TempDir() + "/program"
		if err := os.WriteFile(program, image, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(gone); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(program).CombinedOutput(); err != nil || string(out) != c.want {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}
