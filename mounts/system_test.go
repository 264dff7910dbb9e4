package mounts

// The entries for the host's system folders, and for a folder as the root.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSystem(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range System() {
		info, err := os.Lstat(e.Where())
		if err != nil || !slices.Contains(SystemFolders, e.Where()) || seen[e.Where()] {
			t.Errorf("%v: %v", e, err)
			continue
		}
		seen[e.Where()] = true
		switch e := e.(type) {
		case Bind:
			if !info.IsDir() || e != (Bind{Source: e.Target, Target: e.Target}) {
				t.Errorf("%+v", e)
			}
		case Symlink:
			if link, err := os.Readlink(e.Target); err != nil || link != e.Link {
				t.Errorf("%+v: %s, %v", e, link, err)
			}
		default:
			t.Errorf("%T", e)
		}
	}
	if !seen["/usr"] && !seen["/nix/store"] && !seen["/gnu/store"] {
		t.Errorf("no programs: %v", seen)
	}
	if _, err := compileSteps(System()...); err != nil {
		t.Error(err)
	}
}

func TestRootfs(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "etc", "tmp", "proc", "sys", "dev", "usr/lib", "my folder"} {
		if err := os.MkdirAll(dir+"/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"bin/sh", "etc/passwd", "dev/null", "file", "my folder/x"} {
		if err := os.WriteFile(dir+"/"+name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("usr/lib", dir+"/lib"); err != nil {
		t.Fatal(err)
	}
	show := func(name string) Entry { return Bind{Source: dir + name, Target: name, Origin: "--rootfs x"} }
	want := []Entry{
		show("/bin"), show("/etc"), show("/file"), Symlink{Link: "usr/lib", Target: "/lib", Origin: "--rootfs x"}, show("/my folder"),
		Dir{Target: "/tmp", Origin: "--rootfs x"}, show("/usr"),
	}
	link := t.TempDir() + "/link"
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, dir + "/", link} {
		got, err := Rootfs(name, "--rootfs x")
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v\nwant %v", name, got, err, want)
		}
	}
	if _, err := compileSteps(want...); err != nil {
		t.Error(err)
	}
}

func TestRootfsFails(t *testing.T) {
	dir := t.TempDir()
	for i := range 1001 {
		if err := os.WriteFile(fmt.Sprintf("%s/%d", dir, i), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{dir, dir + "/1", dir + "/none"} {
		if got, err := Rootfs(name, ""); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := Rootfs(dir+"/none", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := os.Remove(dir + "/1000"); err != nil {
		t.Fatal(err)
	}
	if got, err := Rootfs(dir, ""); err != nil || len(got) != 1000 {
		t.Errorf("%d entries, %v", len(got), err)
	}
}
