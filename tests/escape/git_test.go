package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

const pinned = "read-only binds; every folder above them is a mount point and cannot be renamed"

var gits = []attack{
	{
		name:    "git hooks and settings",
		tries:   "write, replace, rename, exchange, link and remove .git/hooks, .git/config and all that leads there",
		defence: pinned,
		inside:  attackGit,
		outside: func(s *scene) { s.git(); s.launchGit() },
	}, {
		name:    "git below the project once more",
		tries:   "the same, when the project is shown writable a second time and protected again",
		defence: pinned,
		inside:  attackGit,
		under:   []string{build},
		outside: func(s *scene) {
			s.git()
			s.show(s.dir, s.dir, true)
			s.protect(s.path(".git", "hooks"), s.path(".git", "config"))
			s.launchGit()
		},
	}, {
		name:    "git in a writable bind within another",
		tries:   "rename a folder above the inner bind, and put another in its place",
		defence: "the way to the inner bind is pinned too",
		under:   []string{build},
		inside: func(p *prisoner) {
			for _, name := range []string{"deep", "deep/inner"} {
				p.refused("rename "+name, unix.Rename(name, "away"), unix.EBUSY, unix.EXDEV)
			}
			p.refused("write", mayOpen("deep/inner/.git/hooks/x", unix.O_CREAT|unix.O_WRONLY), unix.EROFS)
		},
		outside: func(s *scene) {
			inner := s.path("deep", "inner")
			s.write(filepath.Join(inner, ".git", "hooks", "x.sample"), "")
			s.theirs()
			s.prepare()
			s.show(inner, inner, true)
			s.protect(filepath.Join(inner, ".git", "hooks"))
			before := snapshot(s.T, s.path("deep"))
			s.launch()
			same(s.T, before, snapshot(s.T, s.path("deep")))
		},
	}, {
		name:    "git behind a bind that is left out",
		tries:   "remove the source of a bind that may be missing, whose way was to be pinned",
		defence: "what a bind that may be missing pins does not count for others",
		under:   []string{build},
		inside:  attackGit,
		outside: func(s *scene) {
			s.git()
			optional := filepath.Join(s.base, "optional")
			s.mkdir(optional, s.path(".git", "info"))
			s.theirs()
			p, _ := policy(s.T, s.name, s.dir)
			p.Files = slices.DeleteFunc(p.Files, func(e mounts.Entry) bool { _, ok := e.(mounts.ReadOnly); return ok })
			p.Files = append(p.Files, mounts.Bind{Source: optional, Target: s.path(".git", "info"), Try: true})
			s.cmd.Policy = p
			s.protect(s.path(".git", "hooks"), s.path(".git", "config"))
			s.cmd.Env = []string{s.role()}
			before := s.gitState()
			out, err := s.compiled(func() { s.must(os.Remove(optional)) })
			s.report(out, err)
			same(s.T, before, s.gitState())
		},
	}, {
		name:    "git folder that is a symlink within the project",
		tries:   "write the hooks and settings where .git leads to",
		defence: "protected where they really are, or the start is refused",
		under:   []string{build, asRoot, ranges, other},
		inside: func(p *prisoner) {
			p.refused("write a hook", mayOpen("real/hooks/post-checkout", unix.O_CREAT|unix.O_WRONLY), unix.EROFS)
			p.refused("write settings", mayOpen("real/config", unix.O_WRONLY|unix.O_APPEND), unix.EROFS)
			p.refused("replace the folder", unix.Rename("real", "away"), unix.EBUSY)
		},
		outside: func(s *scene) {
			s.git()
			s.must(os.Rename(s.path(".git"), s.path("real")))
			s.symlink("real", s.path(".git"))
			s.theirs()
			s.preparedOrRefused(func() { s.launch() })
		},
	}, {
		name:    "git settings elsewhere",
		tries:   "make .git/commondir, .git/config.worktree, settings and hooks of submodules and work trees",
		defence: "refused, or told in the end by Planted",
		under:   []string{build, asRoot},
		inside: func(p *prisoner) {
			p.tried++
			for _, name := range strings.Fields(p.args[0]) {
				os.MkdirAll(filepath.Dir(name), 0o755)
				if f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o755); err == nil {
					fmt.Fprintln(f, "../evil")
					f.Close()
				}
			}
		},
		outside: gitElsewhere,
	}, {
		name:    "git file that leads elsewhere",
		tries:   "a .git file with a gitdir that names the secret",
		defence: "what a hostile tree names is not shown; the file itself is read-only",
		under:   []string{build},
		inside: func(p *prisoner) {
			lookAround(p)
			p.refused("write .git", mayOpen(".git", unix.O_WRONLY), unix.EROFS)
			p.refused("remove .git", unix.Unlink(".git"), unix.EBUSY, unix.EROFS)
			p.refused("rename .git", unix.Rename(".git", "x"), unix.EBUSY, unix.EROFS)
			os.WriteFile("x", []byte("gitdir: evil\n"), 0o644)
			p.refused("exchange .git", unix.Renameat2(unix.AT_FDCWD, "x", unix.AT_FDCWD, ".git", unix.RENAME_EXCHANGE), unix.EBUSY, unix.EROFS)
			os.Remove("x")
		},
		outside: func(s *scene) {
			for _, name := range []string{"HEAD", "config", "objects/x", "refs/x"} {
				s.write(filepath.Join(s.secret, name), s.token)
			}
			s.write(s.path(".git"), "gitdir: "+s.secret+"\n")
			s.prepare()
			s.say = []string{s.secret}
			before := snapshot(s.T, s.path(".git"), s.secret)
			s.launch()
			same(s.T, before, snapshot(s.T, s.path(".git"), s.secret))
		},
	}, {
		name:    "git file that leads to a folder that looks like git's",
		tries:   "a .git file that names the secret, which looks like a repository or a part of one, directly and by a detour",
		defence: "shown only if it links back to the project; read through folders that were opened once, without symlinks",
		under:   []string{build},
		inside:  lookAround,
		outside: gitLookalikes,
	}, {
		name:    "git folder of a work tree",
		tries:   "write, replace, rename, exchange, link and remove what git obeys in the repository that the work tree belongs to",
		defence: pinned,
		under:   []string{build, asRoot, ranges, allCaps},
		inside: func(p *prisoner) {
			attackGitAt(p, p.args[0], "evil")
			os.RemoveAll("evil")
			attackGitAt(p, p.args[0], p.args[0]+"/evil")
			for _, name := range []string{"worktrees/tree/gitdir", "worktrees/tree/commondir", "worktrees/other/gitdir"} {
				name = p.args[0] + "/" + name
				p.refused("write "+name, mayOpen(name, unix.O_WRONLY), unix.EROFS)
				p.refused("rename "+name, unix.Rename(name, name+".away"), unix.EBUSY, unix.EROFS)
				p.refused("remove "+name, unix.Unlink(name), unix.EBUSY, unix.EROFS)
			}
			for _, name := range []string{"worktrees", "worktrees/tree", "worktrees/other"} {
				name = p.args[0] + "/" + name
				p.refused("rename "+name, unix.Rename(name, name+".away"), unix.EBUSY, unix.EROFS)
				p.refused("rename "+name+" away", unix.Rename(name, "away"), unix.EXDEV, unix.EBUSY, unix.EROFS)
			}
			p.refused("make a work tree", unix.Mkdir(p.args[0]+"/worktrees/evil", 0o755), unix.EROFS)
			p.worked("write an object", os.WriteFile(p.args[0]+"/objects/new", nil, 0o644))
			p.worked("write the index", os.WriteFile(p.args[0]+"/worktrees/tree/index", nil, 0o644))
		},
		outside: func(s *scene) {
			git := s.worktree()
			s.say = []string{git}
			obeyed := []string{git + "/hooks", git + "/config", git + "/worktrees/other", git + "/worktrees/tree/gitdir", git + "/worktrees/tree/commondir"}
			before := snapshot(s.T, obeyed...)
			s.launch()
			same(s.T, before, snapshot(s.T, obeyed...))
		},
	}, {
		name:    "git settings that the host replaces meanwhile",
		tries:   "write the hooks after the host has replaced .git/config under the mount",
		defence: "folders are protected, not only files; the mount on the file is lost, as documented",
		under:   []string{build},
		inside: func(p *prisoner) {
			p.worked("say ready", os.WriteFile("ready", nil, 0o644))
			for i := 0; i < 2000 && !exists("replaced"); i++ {
				pause()
			}
			p.refused("write a hook", mayOpen(".git/hooks/post-checkout", unix.O_CREAT|unix.O_WRONLY), unix.EROFS)
			p.refused("rename the hooks", unix.Rename(".git/hooks", ".git/h"), unix.EBUSY)
			p.refused("rename .git", unix.Rename(".git", "g"), unix.EBUSY)
		},
		outside: func(s *scene) {
			s.git()
			go func() {
				for i := 0; i < 2000 && !exists(s.path("ready")); i++ {
					pause()
				}
				os.WriteFile(s.path(".git", "config.lock"), []byte("[core]\n"), 0o644)
				os.Rename(s.path(".git", "config.lock"), s.path(".git", "config"))
				os.WriteFile(s.path("replaced"), nil, 0o644)
			}()
			s.launch()
		},
	},
}

// git makes what a repository has, and the policy for it.
func (s *scene) git() {
	for _, name := range []string{"hooks/pre-commit.sample", "config", "HEAD", "objects/x", "refs/heads/x"} {
		s.write(s.path(".git", name), "theirs\n")
	}
	s.theirs()
	s.prepare()
}

func (s *scene) protect(names ...string) {
	for _, name := range names {
		s.cmd.Policy.Files = append(s.cmd.Policy.Files, mounts.ReadOnly{Target: name})
	}
}

// gitState is what must not change, without the times of .git itself.
func (s *scene) gitState() []string {
	return snapshot(s.T, s.path(".git", "hooks"), s.path(".git", "config"))
}

func (s *scene) launchGit() {
	s.Helper()
	before := s.gitState()
	s.launch()
	same(s.T, before, s.gitState())
}

// preparedOrRefused runs f with the policy made anew, unless there is none.
func (s *scene) preparedOrRefused(f func()) {
	if _, err := sandbox.BuildPolicy(s.dir); err != nil {
		return
	}
	s.prepare()
	f()
}

func attackGit(p *prisoner) {
	for _, prefix := range []string{"", "/proc/self/cwd/", "/proc/self/root" + cwd() + "/", "./.git/../", "evil/../"} {
		attackGitAt(p, prefix+".git", "evil")
	}
	p.refused("unmount", unmountUnlessCapable(p), unix.EPERM, unix.EINVAL)
	fd, err := unix.Open(".git", unix.O_RDONLY, 0)
	p.worked("open .git", err)
	p.refused("by descriptor", func() error {
		f, err := unix.Openat(fd, "hooks/x", unix.O_CREAT|unix.O_WRONLY, 0o755)
		if err == nil {
			unix.Close(f)
		}
		return err
	}(), unix.EROFS)
	os.RemoveAll("evil")
}

// attackGitAt attacks a git folder with the help of another, which is made.
func attackGitAt(p *prisoner, git, evil string) {
	busy := []error{unix.EBUSY, unix.EROFS, unix.EXDEV}
	os.MkdirAll(evil+"/hooks", 0o755)
	os.WriteFile(evil+"/config", []byte("[core]\n"), 0o755)
	exchange := func(a, b string) error {
		return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	}
	p.refused("hook", mayOpen(git+"/hooks/post-checkout", unix.O_CREAT|unix.O_WRONLY), unix.EROFS)
	p.refused("sample", mayOpen(git+"/hooks/pre-commit.sample", unix.O_WRONLY|unix.O_TRUNC), unix.EROFS)
	p.refused("settings", mayOpen(git+"/config", unix.O_WRONLY|unix.O_APPEND), unix.EROFS)
	p.refused("truncate", unix.Truncate(git+"/config", 0), unix.EROFS)
	p.refused("chmod hooks", unix.Chmod(git+"/hooks", 0o777), unix.EROFS)
	p.refused("chmod sample", unix.Chmod(git+"/hooks/pre-commit.sample", 0o755), unix.EROFS)
	p.refused("link settings", unix.Link(git+"/config", "linked"), busy...)
	p.refused("link a sample", unix.Link(git+"/hooks/pre-commit.sample", "linked"), busy...)
	p.refused("link into hooks", unix.Link(evil+"/config", git+"/hooks/linked"), busy...)
	p.refused("mkdir", unix.Mkdir(git+"/hooks/x", 0o755), unix.EROFS)
	for _, name := range []string{"", "/hooks", "/config"} {
		p.refused("rename "+git+name, unix.Rename(git+name, "away"), busy...)
		p.refused("exchange "+git+name, exchange(evil+name, git+name), busy...)
		p.refused("exchange back "+git+name, exchange(git+name, evil+name), busy...)
		p.refused("replace "+git+name, unix.Rename(evil+name, git+name), append(busy, unix.ENOTEMPTY)...)
		p.refused("rmdir "+git+name, unix.Rmdir(git+name), append(busy, unix.ENOTDIR, unix.EINVAL)...)
		p.refused("unlink "+git+name, unix.Unlink(git+name), append(busy, unix.EISDIR)...)
	}
}

// unmountUnlessCapable: who has CAP_SYS_ADMIN may take the protection away; that
// is what the policy gives.
func unmountUnlessCapable(p *prisoner) error {
	if p.has() {
		return unix.EPERM
	}
	return unix.Unmount(".git/hooks", unix.MNT_DETACH)
}

func cwd() string {
	dir, _ := os.Getwd()
	return dir
}

func gitElsewhere(s *scene) {
	for name, there := range map[string]bool{
		".git/commondir": false, ".git/config.worktree": false, ".git/modules/sub/config": true, ".git/modules/sub/hooks/post-checkout": true,
		".git/worktrees/w/config.worktree": true, ".git/info/attributes": false, ".git/hooks/new": true,
	} {
		s.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			inner := newScene(t, s.attack, s.name)
			inner.git()
			if there {
				inner.mkdir(filepath.Dir(inner.path(name)))
				if !strings.Contains(name, "hooks") {
					inner.write(inner.path(name), "theirs")
				}
				inner.theirs()
				inner.prepare()
			}
			watch := sandbox.Watch(inner.dir)
			before, _ := os.ReadFile(inner.path(name))
			inner.say = []string{name}
			inner.launch()
			after, err := os.ReadFile(inner.path(name))
			if told := watch.Changes(); err == nil && string(before) != string(after) && len(told) == 0 {
				t.Errorf("%s was written, and nothing told of it", name)
			}
		})
	}
}

// worktree makes the project a linked work tree of a repository beside it, and
// returns that one's git folder.
func (s *scene) worktree() (git string) {
	git = filepath.Join(s.base, "repo", ".git")
	for _, name := range []string{"hooks/pre-commit.sample", "config", "HEAD", "objects/x", "refs/heads/x"} {
		s.write(filepath.Join(git, name), "theirs\n")
	}
	for name, dir := range map[string]string{"tree": s.dir, "other": filepath.Join(s.base, "other")} {
		s.write(filepath.Join(git, "worktrees", name, "gitdir"), dir+"/.git\n")
		s.write(filepath.Join(git, "worktrees", name, "commondir"), "../..\n")
		s.write(filepath.Join(git, "worktrees", name, "HEAD"), "ref: refs/heads/x\n")
	}
	s.write(s.path(".git"), "gitdir: "+filepath.Join(git, "worktrees", "tree")+"\n")
	s.prepare()
	return git
}

// gitLookalikes points .git at a secret that looks more and more like git's.
func gitLookalikes(s *scene) {
	for _, name := range []string{"HEAD", "config", "objects/token", "refs/token", "worktrees/x/HEAD", "modules/x/config"} {
		s.write(filepath.Join(s.secret, name), s.token)
	}
	secret := s.secret
	link := func(name, text string) { s.write(name, text+"\n") }
	for _, c := range []struct {
		to     string
		change func()
	}{
		{secret, nil},
		{secret + "/worktrees/x", nil},
		{secret + "/modules/x", nil},
		{"../secret/worktrees/x", func() { link(secret+"/worktrees/x/commondir", "../..") }},
		{secret + "/worktrees/x", func() { link(secret+"/worktrees/x/gitdir", filepath.Join(s.base, "other", ".git")) }},
		{"own/worktrees/x", func() {
			link(s.path("own", "worktrees", "x", "commondir"), secret)
			link(s.path("own", "worktrees", "x", "gitdir"), s.path(".git"))
		}},
		{"../beside/worktrees/x", func() {
			link(filepath.Join(s.base, "beside", "worktrees", "x", "commondir"), secret)
			link(filepath.Join(s.base, "beside", "worktrees", "x", "gitdir"), s.path(".git"))
		}},
		{"../beside/worktrees/y", func() { s.symlink(secret, filepath.Join(s.base, "beside", "worktrees", "y")) }},
		{"alias/worktrees/x", func() { s.symlink(secret, s.path("alias")) }},
		{"/proc/self/cwd/../secret", nil},
		{secret + "/HEAD", nil},
	} {
		if c.change != nil {
			c.change()
		}
		link(s.path(".git"), "gitdir: "+c.to)
		s.prepare()
		if s.cmd.Policy.GitNotShown == nil && c.to != "own/worktrees/x" && c.to != "alias/worktrees/x" {
			s.Errorf("%s: nothing was said", c.to)
		}
		s.say = []string{secret}
		before := snapshot(s.T, s.path(".git"), secret)
		s.launch()
		same(s.T, before, snapshot(s.T, s.path(".git"), secret))
	}
}
