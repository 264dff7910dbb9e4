package escape

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/usandbox/usandbox/mounts"
)

// Nothing is written to temporary folders, and what lies there already is not
// used: predictable names belong to attackers.
//
// Defence: the image is a memfd; no host path is made.
func TestTemporaryFolders(t *testing.T) {
	s := newScene(t, &attack{name: "environment", inside: searchEnvironment}, build)
	hostile := filepath.Join(s.base, "temporary")
	s.mkdir(hostile)
	for _, name := range []string{"usandbox", "usandbox-1", "usandbox-" + itoa(os.Getuid()), ".usandbox", "image"} {
		s.symlink(s.secret, filepath.Join(hostile, name))
	}
	for _, set := range []struct{ tmp, runtime string }{{hostile, ""}, {hostile, hostile}, {"/nonexistent", ""}, {s.dir, s.dir}} {
		s.Setenv("TMPDIR", set.tmp)
		s.Setenv("XDG_RUNTIME_DIR", set.runtime)
		if set.runtime == "" {
			os.Unsetenv("XDG_RUNTIME_DIR")
		}
		before := snapshot(t, s.base)
		s.prepare()
		s.launch()
		same(t, before, snapshot(t, s.base))
	}
}

// A set-up that fails at any entry leaves the host as it was.
func TestFailedSetUp(t *testing.T) {
	adoptOrphans(t)
	for _, p := range policies {
		if p.name == other && os.Getuid() != 0 {
			continue
		}
		s := newScene(t, &attack{name: "environment"}, p.name)
		hostileTree(s)
		s.theirs()
		before, mountsBefore := snapshot(t, s.base), hostMounts(t)
		for _, e := range []mounts.Entry{
			mounts.Tmpfs{Target: s.path("missing", "folder")}, mounts.Bind{Source: s.dir, Target: s.path("missing")},
			mounts.Dir{Target: s.path("made")}, mounts.Symlink{Link: "x", Target: s.path("made")}, mounts.Hide{Target: s.path("missing")},
			mounts.ReadOnly{Target: s.path("missing")}, mounts.Proc{Target: s.path("a", "missing")}, mounts.Dev{Target: s.path("missing")},
			mounts.Tmpfs{Target: "/usr/missing"}, mounts.Tmpfs{Target: s.path("x", "missing")}, mounts.Tmpfs{Target: s.path("a", "b", "file")},
			mounts.Bind{Source: s.path("x", "missing"), Target: "/shown"}, mounts.Tmpfs{Target: s.path("z")},
			mounts.File{Target: s.path("made"), Content: "made"}, mounts.File{Target: s.path("x", "missing")}, mounts.File{Target: "/usr/missing"},
			mounts.Chmod{Target: s.path("a", "b", "file"), Mode: 0o777}, mounts.Chmod{Target: s.path("missing"), Mode: 0o777},
			mounts.Dir{Target: s.path("a"), Mode: 0o777}, mounts.Mqueue{Target: s.path("missing")}, mounts.Sysfs{Target: s.path("made")},
			mounts.Cgroupfs{Target: s.path("a", "missing")},
			mounts.Bind{Source: s.path("a"), Target: "/shown", Is: mounts.FileID{Inode: 1}},
		} {
			s.prepare()
			s.cmd.Policy.Files = append(s.cmd.Policy.Files, e)
			if err := s.cmd.Run(); err == nil {
				t.Errorf("%s: %v could be had", p.name, e)
			}
			s.nothingLeft(0)
		}
		same(t, before, snapshot(t, s.base))
		same(t, mountsBefore, hostMounts(t))
	}
}
