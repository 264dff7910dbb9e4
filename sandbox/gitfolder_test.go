package sandbox

// The folder that a .git file names is taken for git's only if it links back to the
// working tree, on what was opened; whatever else it may be is refused, and nothing
// blocks.

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// linked makes a repository, base/repo/.git, with a linked work tree, base/tree, or
// a submodule at the same place, and returns base.
func linked(t *testing.T, submodule bool) string {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	bare(t, base+"/repo/.git")
	if submodule {
		bare(t, base+"/repo/.git/modules/a/b")
		write(t, base+"/repo/.git/modules/a/b/config", "[core]\n\tworktree = ../../../../../tree\n", 0o644)
		write(t, base+"/tree/.git", "gitdir: ../repo/.git/modules/a/b\n", 0o644)
		return base
	}
	own := base + "/repo/.git/worktrees/tree"
	write(t, own+"/gitdir", base+"/tree/.git\n", 0o644)
	write(t, own+"/commondir", "../..\n", 0o644)
	write(t, own+"/HEAD", "ref: refs/heads/main\n", 0o644)
	write(t, base+"/tree/.git", "gitdir: "+own+"\n", 0o644)
	return base
}

// bare makes what git takes for a repository.
func bare(t *testing.T, git string) {
	t.Helper()
	repository(t, git)
	for _, name := range []string{"objects", "refs"} {
		if err := os.MkdirAll(git+"/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// host runs a script outside of any sandbox.
func host(dir, script string) (string, error) {
	c := exec.Command("sh", "-c", script)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

// idOf is the FileID of a path.
func idOf(t *testing.T, name string) mounts.FileID {
	t.Helper()
	fd, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	id, err := mounts.FileIDOf(fd)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOuterGit(t *testing.T) {
	for name, c := range map[string]struct {
		submodule bool
		change    string // a script that is run in base
		want, own string // below base
		why       string
	}{
		"work tree":            {want: "repo/.git", own: "repo/.git/worktrees/tree"},
		"relative links":       {change: `echo gitdir: ../repo/.git/worktrees/tree >tree/.git; echo ../../../../tree/.git >repo/.git/worktrees/tree/gitdir`, want: "repo/.git", own: "repo/.git/worktrees/tree"},
		"absolute commondir":   {change: `echo $PWD/repo/.git >repo/.git/worktrees/tree/commondir`, want: "repo/.git", own: "repo/.git/worktrees/tree"},
		"no line end":          {change: `printf 'gitdir: ../repo/.git/worktrees/tree' >tree/.git`, want: "repo/.git", own: "repo/.git/worktrees/tree"},
		"submodule":            {submodule: true, want: "repo/.git/modules/a/b", own: "repo/.git/modules/a/b"},
		"submodule, elsewhere": {submodule: true, change: `mv repo/.git/modules/a/b/config x; echo >repo/.git/modules/a/b/config; mv x repo/.git/modules/a/b/config.worktree`, want: "repo/.git/modules/a/b", own: "repo/.git/modules/a/b"},
		"no .git":              {change: `rm tree/.git`},
		"a folder":             {change: `rm tree/.git; mkdir tree/.git`},
		"in the folder":        {change: `mkdir -p tree/g; cp -r repo/.git/. tree/g; echo gitdir: g/worktrees/tree >tree/.git`},

		"in the folder, by a detour":    {change: `mkdir -p tree/g; cp -r repo/.git/. tree/g; echo gitdir: ../tree/x/../g/worktrees/tree >tree/.git`},
		"nothing there":                 {change: `echo gitdir: /nonexistent >tree/.git`, why: "does not exist"},
		"a file":                        {change: `echo gitdir: ../repo/.git/HEAD >tree/.git`, why: "is no folder"},
		"no link":                       {change: `echo hello >tree/.git`, why: "does not name a folder"},
		"an empty link":                 {change: `echo 'gitdir: ' >tree/.git`, why: "is no path"},
		"a NUL":                         {change: `printf 'gitdir: /a\000b' >tree/.git`, why: "is no path"},
		"a long path":                   {change: `printf 'gitdir: %05000d' 0 >tree/.git`, why: "is no path"},
		"a long file":                   {change: `printf 'gitdir: %020000d' 0 >tree/.git`, why: "is too long"},
		"a long gitdir":                 {change: `printf '%020000d' 0 >repo/.git/worktrees/tree/gitdir`, why: "is too long"},
		"a FIFO as gitdir":              {change: `cd repo/.git/worktrees/tree; rm gitdir; mkfifo gitdir`, why: "no regular file"},
		"a FIFO as config":              {submodule: true, change: `cd repo/.git/modules/a/b; rm config; mkfifo config`, why: "no regular file"},
		"a symlink as gitdir":           {change: `cd repo/.git/worktrees/tree; mv gitdir g; ln -s g gitdir`, why: "gitdir is no regular file"},
		"a symlink on the way":          {change: `ln -s repo other; echo gitdir: ../other/.git/worktrees/tree >tree/.git`, why: "a symlink is on the way"},
		"a symlink at the end":          {change: `ln -s tree repo/.git/worktrees/l; echo gitdir: ../repo/.git/worktrees/l >tree/.git`, why: "a symlink is on the way"},
		"another's":                     {change: `mkdir x; echo $PWD/x/.git >repo/.git/worktrees/tree/gitdir; cp tree/.git x`, why: "does not link back"},
		"the folder itself":             {change: `echo $PWD/tree >repo/.git/worktrees/tree/gitdir`, why: "does not link back"},
		"linked back by a symlink":      {change: `ln -s tree t; echo $PWD/t/.git >repo/.git/worktrees/tree/gitdir`, why: "does not link back"},
		"commondir elsewhere":           {change: `mkdir .ssh; cp -r repo/.git/. .ssh; echo ../../../../.ssh >repo/.git/worktrees/tree/commondir`, why: "commondir is not the repository"},
		"commondir too low":             {change: `echo .. >repo/.git/worktrees/tree/commondir`, why: "commondir is not the repository"},
		"commondir above":               {change: `echo ../../.. >repo/.git/worktrees/tree/commondir`, why: "commondir is not the repository"},
		"not below worktrees":           {change: `mv repo/.git/worktrees repo/.git/w; echo gitdir: ../repo/.git/w/tree >tree/.git`, why: "no worktrees folder"},
		"no repository":                 {change: `rm repo/.git/HEAD`, why: "does not look like a repository"},
		"no objects":                    {change: `rm -r repo/.git/objects`, why: "does not look like a repository"},
		"refs is a symlink":             {change: `rm -r repo/.git/refs; ln -s objects repo/.git/refs`, why: "does not look like a repository"},
		"a part of another":             {change: `echo /elsewhere >repo/.git/commondir`, why: "is a part of another"},
		"a repository, not linked":      {change: `echo gitdir: ../repo/.git >tree/.git`, why: "no repository's worktrees or modules"},
		"hooks are a symlink":           {change: `mv repo/.git/hooks h; ln -s $PWD/h repo/.git/hooks`, want: "repo/.git", own: "repo/.git/worktrees/tree"},
		"no core.worktree":              {submodule: true, change: `echo '[core]' >repo/.git/modules/a/b/config`, why: "does not link back"},
		"core.worktree elsewhere":       {submodule: true, change: `printf '[core]\nworktree = ../../../../..\n' >repo/.git/modules/a/b/config`, why: "does not link back"},
		"a submodule's symlink":         {submodule: true, change: `ln -s tree t; printf '[core]\nworktree = ../../../../../t\n' >repo/.git/modules/a/b/config`, why: "does not link back"},
		"modules of no repository":      {submodule: true, change: `rm -r repo/.git/refs`, why: "no repository's worktrees or modules"},
		"a .git that is a symlink":      {change: `rm tree/.git; ln -s ../repo/.git tree/.git`, why: "is a symlink"},
		"a symlink to nowhere":          {change: `rm tree/.git; ln -s nowhere tree/.git`},
		"a FIFO as .git":                {change: `rm tree/.git; mkfifo tree/.git`},
		"what holds the current folder": {change: `mv tree repo/.git/t; cd repo/.git; echo gitdir: ../worktrees/tree >t/.git; echo $PWD/t/.git >worktrees/tree/gitdir`, why: "holds the current folder"},
	} {
		t.Run(name, func(t *testing.T) {
			base := linked(t, c.submodule)
			if out, err := host(base, c.change); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			dir := base + "/tree"
			if name == "what holds the current folder" {
				dir = base + "/repo/.git/t"
			}
			g, err := OuterGit(dir)
			var refused *GitError
			switch {
			case c.why != "":
				if g != nil || !errors.As(err, &refused) || !strings.Contains(refused.Why, c.why) || !strings.Contains(err.Error(), refused.Path) || refused.Dir != dir {
					t.Errorf("%+v, %v; want %q", g, err, c.why)
				}
			case c.want == "":
				if g != nil || err != nil {
					t.Errorf("%+v, %v", g, err)
				}
			case err != nil || g == nil:
				t.Error(err)
			default:
				want := GitFolder{Path: base + "/" + c.want, ID: idOf(t, base+"/"+c.want), Own: base + "/" + c.own, OwnID: idOf(t, base+"/"+c.own)}
				if *g != want {
					t.Errorf("%+v, want %+v", *g, want)
				}
			}
		})
	}
}

// What is too wide, or belongs to others, is not git's whatever it looks like.
func TestOuterGitOfOthers(t *testing.T) {
	base := linked(t, false)
	if g, err := outerGit(base+"/tree", uint32(os.Geteuid())+1); g != nil || err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("%+v, %v", g, err)
	}
	t.Setenv("HOME", base+"/repo/.git")
	if g, err := OuterGit(base + "/tree"); g != nil || err == nil || !strings.Contains(err.Error(), "the home folder") {
		t.Errorf("%+v, %v", g, err)
	}
}

// In a policy the folder is writable, with its identity, and what cannot be
// protected is not shown.
func TestWithWritableGit(t *testing.T) {
	base := linked(t, false)
	p, err := BuildPolicy(base + "/tree")
	if err != nil || p.GitNotShown != nil {
		t.Fatal(err, p.GitNotShown)
	}
	shown := map[string]bool{}
	for _, e := range p.Files {
		if b, ok := e.(mounts.Bind); ok && b.Is != (mounts.FileID{}) {
			shown[strings.TrimPrefix(b.Source, base)] = b.Writable && b.Is == idOf(t, b.Source)
		}
	}
	if len(shown) != 2 || !shown["/repo/.git"] || !shown["/repo/.git/worktrees/tree"] {
		t.Errorf("shown: %v", shown)
	}
	if out, err := host(base, `mv repo/.git/hooks h; ln -s $PWD/h repo/.git/hooks`); err != nil {
		t.Fatal(out)
	}
	p, err = BuildPolicy(base + "/tree")
	if err != nil || p.GitNotShown == nil || !strings.Contains(p.GitNotShown.Why, "hooks: it is a symlink") {
		t.Errorf("%v, %v", err, p.GitNotShown)
	}
	out, err := build(t, base+"/tree", "ls -A "+base+"; echo x >.git")
	if err == nil || strings.Contains(out, "repo") {
		t.Errorf("%v: %s", err, out)
	}
}

// A folder that takes the checked one's place before the sandbox starts is refused.
func TestOuterGitReplaced(t *testing.T) {
	base := linked(t, false)
	p, err := BuildPolicy(base + "/tree")
	if err != nil {
		t.Fatal(err)
	}
	c := sh("true")
	c.Policy = p
	if out, err := host(base, `mv repo/.git repo/g; cp -a repo/g repo/.git`); err != nil {
		t.Fatal(out)
	}
	err = c.Run()
	if !errors.Is(err, unix.ESTALE) || !strings.Contains(err.Error(), "check that "+base+"/repo/.git is the file it was") || Hint(err) == "" {
		t.Errorf("%v, hint %q", err, Hint(err))
	}
}

func TestCoreWorktree(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"[core]\n\tbare = false\n":          "",
		"[core]\nworktree=/a":               "/a",
		"[CORE] WorkTree = ../a b ; c\n":    "../a b",
		"[core]\nworktree = \"a;b \" # c\n": "a;b ",
		"[core]\nworktree = a\\\\b\\\"\n":   "a\\b\"",
		"[core]\nworktree = a\n[user]\nworktree = b\n[core]\nworktree = c\n": "c",
		"[core \"x\"]\nworktree = a\n":                                       "",
		"[user]\nname = x \\\n[core]\nworktree = a\n":                        "",
		"# [core]\n; x\\\n[core]\nworktree = a":                              "a",
	} {
		if got, err := coreWorktree(text); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"[core\nworktree = a", "[core]\nworktree = \"a", "[core]\nworktree = a\\\nb", "[core]\nworktree = \\x"} {
		if got, err := coreWorktree(text); err == nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzCoreWorktree(f *testing.F) {
	f.Add("[core]\nworktree = \"a\\\\b\" ; c\n")
	f.Fuzz(func(t *testing.T, text string) {
		coreWorktree(text)
		configValue(text)
	})
}
