package sandbox

// What git on the host would run or obey stays as it is in a writable folder,
// whatever the command tries: writing, replacing, renaming any folder that leads
// to it, mounting over it, and in more than one run.

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes what is looked at of a git repository's own folder.
func repository(t *testing.T, git string) {
	t.Helper()
	write(t, git+"/HEAD", "ref: refs/heads/main\n", 0o644)
	write(t, git+"/config", "[core]\n", 0o644)
	write(t, git+"/hooks/pre-commit", "#!/bin/sh\n", 0o755)
}

// build runs a script in dir, under BuildPolicy.
func build(t *testing.T, dir, script string) (string, error) {
	t.Helper()
	policy, err := BuildPolicy(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := sh(script)
	c.Policy = policy
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestProtect(t *testing.T) {
	for _, attack := range []string{
		"echo evil > .git/config",
		"echo evil >> .git/hooks/pre-commit",
		"echo evil > .git/hooks/new",
		"rm -f .git/config",
		"chmod 777 .git/hooks/pre-commit",
		"touch .git/hooks/pre-commit",
		"ln -f /bin/sh .git/hooks/post-commit",
		"mv .git/hooks .git/h2",
		"mv .git g2",
		"mkdir x && mv .git x/",
		"rm -rf .git; test ! -e .git/config",
		"rmdir .git",
		"ln -sfn /tmp .git && test -L .git",
		"umount -l .git/hooks",
		"mount -o remount,rw,bind .git/hooks",
		"mv .git/modules/a m",
		"mv .git/modules .git/m",
		"echo evil > .git/modules/a/b/config",
		"echo evil > .git/modules/a/b/hooks/new",
	} {
		dir := t.TempDir()
		repository(t, dir+"/.git")
		repository(t, dir+"/.git/modules/a/b")
		if out, err := build(t, dir, attack); err == nil {
			t.Errorf("%s: succeeded: %s", attack, out)
		}
		for _, git := range []string{dir + "/.git", dir + "/.git/modules/a/b"} {
			config, err := os.ReadFile(git + "/config")
			hooks, err2 := filepath.Glob(git + "/hooks/*")
			if err != nil || err2 != nil || string(config) != "[core]\n" || len(hooks) != 1 {
				t.Errorf("%s: config %q, hooks %q, %v, %v", attack, config, hooks, err, err2)
			}
		}
	}
}

// The rest is as writable as ever.
func TestProtectNoMore(t *testing.T) {
	dir := t.TempDir()
	repository(t, dir+"/.git")
	out, err := build(t, dir, "echo x > .git/index && mkdir .git/refs && mv .git/HEAD .git/HEAD2 && echo y > file && mv file file2 && pwd")
	if err != nil || strings.TrimSpace(out) != dir {
		t.Errorf("%v: %s", err, out)
	}
}

func TestProtectFile(t *testing.T) {
	for _, attack := range []string{"echo evil > .git", "rm -f .git", "mv .git g2", "echo evil > n && mv -f n .git"} {
		dir := t.TempDir()
		write(t, dir+"/.git", "gitdir: /elsewhere\n", 0o644)
		if out, err := build(t, dir, attack); err == nil {
			t.Errorf("%s: succeeded: %s", attack, out)
		}
		if text, err := os.ReadFile(dir + "/.git"); err != nil || string(text) != "gitdir: /elsewhere\n" {
			t.Errorf("%s: %q, %v", attack, text, err)
		}
	}
}

// One run makes a repository look like none, so that the next does not protect it.
func TestProtectNextRun(t *testing.T) {
	for _, git := range []string{"/.git", "/.git/modules/a/b"} {
		dir := t.TempDir()
		repository(t, dir+"/.git")
		repository(t, dir+git)
		if out, err := build(t, dir, "rm ."+git+"/HEAD"); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if out, err := build(t, dir, "echo evil > ."+git+"/config"); err == nil {
			t.Errorf("%s: the next run wrote its config: %s", git, out)
		}
	}
}

func TestProtectSymlink(t *testing.T) {
	dir := t.TempDir()
	repository(t, dir+"/.git")
	write(t, dir+"/scripts/pre-commit", "", 0o755)
	if err := os.RemoveAll(dir + "/.git/hooks"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../scripts", dir+"/.git/hooks"); err != nil {
		t.Fatal(err)
	}
	var link *SymlinkError
	if _, err := BuildPolicy(dir); !errors.As(err, &link) || filepath.Base(link.Path) != "hooks" {
		t.Errorf("hooks that are a symlink: %v", err)
	}
}
