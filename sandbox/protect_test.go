package sandbox

// What git on the host would run or obey stays as it is in a writable folder,
// whatever the command tries: writing, replacing, renaming any folder that leads
// to it, mounting over it.

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// repository makes the folders of a git repository.
func repository(t *testing.T, git string) {
	write(t, git+"/HEAD", "ref: refs/heads/main\n", 0o644)
	write(t, git+"/config", "[core]\n", 0o644)
	write(t, git+"/hooks/pre-commit", "#!/bin/sh\n", 0o755)
}

func TestProtect(t *testing.T) {
	real := func(dir string) string {
		dir, err := filepath.EvalSymlinks(dir)
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	folder, file, outside := real(t.TempDir()), real(t.TempDir()), real(t.TempDir())
	repository(t, folder+"/.git")
	repository(t, folder+"/.git/modules/a/b")
	write(t, file+"/.git", "gitdir: /elsewhere\n", 0o644)
	for _, c := range []struct{ dir, attack string }{
		{folder, "echo evil > .git/config"},
		{folder, "echo evil >> .git/hooks/pre-commit"},
		{folder, "echo evil > .git/hooks/new"},
		{folder, "rm -f .git/config"},
		{folder, "chmod 777 .git/hooks/pre-commit"},
		{folder, "touch .git/hooks/pre-commit"},
		{folder, "ln -f /bin/sh .git/hooks/post-commit"},
		{folder, "mv .git/hooks .git/h2"},
		{folder, "mv .git g2"},
		{folder, "mkdir x && mv .git x/"},
		{folder, "rm -rf .git; test ! -e .git/config"},
		{folder, "rmdir .git"},
		{folder, "ln -sfn /tmp .git && test -L .git"},
		{folder, "umount -l .git/hooks"},
		{folder, "mount -o remount,rw,bind .git/hooks"},
		{folder, "mv .git/modules/a m"},
		{folder, "echo evil > .git/modules/a/b/config"},
		{folder, "touch " + outside + "/x"},
		{file, "echo evil > .git"},
		{file, "rm -f .git"},
		{file, "mv .git g2"},
		{file, "echo gitdir: x > n && mv -f n .git"},
	} {
		policy, err := BuildPolicy(c.dir)
		if err != nil {
			t.Fatal(err)
		}
		cmd := sh(c.attack)
		cmd.Policy = policy
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("%s: succeeded: %s", c.attack, out)
		}
	}
	for name, want := range map[string]string{
		folder + "/.git/config": "[core]\n", folder + "/.git/hooks/pre-commit": "#!/bin/sh\n", file + "/.git": "gitdir: /elsewhere\n",
	} {
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	// The rest is as writable as before, so git itself works.
	cmd := sh("echo x > .git/index && mkdir .git/refs && echo y > file")
	cmd.Policy, _ = BuildPolicy(folder)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
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
