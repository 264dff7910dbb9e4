package sandbox

// The presets: which folders are never made writable as a whole, and that a
// policy is a value, whose copies share nothing that an append could reach.

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usandbox/usandbox/mounts"
)

func TestTooWide(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home", "me")
	write(t, home+"/src/project/file", "", 0o644)
	linked := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(home, linked); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	for dir, why := range map[string]string{
		"/":                     "the root of the file system",
		"/tmp":                  "shared",
		"/tmp/../tmp/":          "shared",
		"/var/tmp":              "shared",
		"/dev/shm":              "shared",
		"/var":                  "shared",
		"/home":                 "shared",
		"/run":                  "shared",
		"/proc":                 "shared",
		"/sys":                  "shared",
		"/usr":                  "a system folder",
		"/etc":                  "a system folder",
		"/proc/self/root/usr":   "a system folder",
		home:                    "the home folder",
		home + "/":              "the home folder",
		home + "/src/..":        "the home folder",
		linked:                  "the home folder",
		filepath.Dir(home):      "an ancestor of the home folder",
		home + "/src":           "",
		linked + "/src":         "",
		linked + "/src/project": "",
	} {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		p, err := BuildPolicy(dir)
		var wide *TooWideError
		switch {
		case why == "" && err == nil:
			if !strings.HasPrefix(p.Dir, home) {
				t.Errorf("%s: Dir is %s", dir, p.Dir)
			}
		case !errors.As(err, &wide) || !strings.Contains(wide.Why, why) || why == "":
			t.Errorf("%s: %v, want %q", dir, err, why)
		case p.Dir != "" || strings.Contains(err.Error(), "..") || !strings.Contains(err.Error(), wide.Dir):
			t.Errorf("%s: Dir %q, %v", dir, p.Dir, err)
		}
	}
	t.Setenv("HOME", linked) // a home folder that is a symlink
	for _, dir := range []string{home, linked, filepath.Dir(home)} {
		if _, err := BuildPolicy(dir); err == nil {
			t.Errorf("HOME=%s: %s is writable", linked, dir)
		}
	}
	if _, err := BuildPolicy(home + "/nonexistent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
}

// Appending to the files of a copy changes neither the original nor other copies.
func TestPolicyIsAValue(t *testing.T) {
	rootfs := t.TempDir()
	write(t, rootfs+"/bin/sh", "", 0o755)
	presets := map[string]func() (Policy, error){
		"SystemPolicy": func() (Policy, error) { return SystemPolicy(), nil },
		"BuildPolicy":  func() (Policy, error) { return BuildPolicy(rootfs) },
		"RootfsPolicy": func() (Policy, error) { return RootfsPolicy(rootfs) },
		"WithWritable": func() (Policy, error) { return SystemPolicy().WithWritable(rootfs) },
		"twice": func() (Policy, error) {
			p, _ := SystemPolicy().WithWritable(rootfs)
			return p.WithWritable(t.TempDir())
		},
	}
	for name, preset := range presets {
		p, err := preset()
		if err != nil {
			t.Fatal(err)
		}
		first, second := p, p
		first.Files = append(first.Files, mounts.Dir{Target: "/first"})
		second.Files = append(second.Files, mounts.Dir{Target: "/second"})
		withOne, err1 := p.WithWritable(rootfs)
		withOther, err2 := p.WithWritable(t.TempDir())
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if last := first.Files[len(p.Files)].Where(); last != "/first" {
			t.Errorf("%s: the first copy has %s", name, last)
		}
		if last := withOne.Files[len(p.Files)].Where(); last != rootfs || withOther.Dir == withOne.Dir {
			t.Errorf("%s: WithWritable has %s", name, last)
		}
	}
}

func TestRootfsPolicyFails(t *testing.T) {
	if _, err := RootfsPolicy("/nonexistent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestHomeDir(t *testing.T) {
	for home, want := range map[string]string{
		"": "", "/": "", "//": "", "relative": "", ".": "", "/home/me/": "/home/me", "/home/../root": "/root",
	} {
		t.Setenv("HOME", home)
		if got := homeDir(); got != want {
			t.Errorf("HOME=%q: %q", home, got)
		}
	}
}
