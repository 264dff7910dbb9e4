package escape

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

const resolved = "sources by openat2(RESOLVE_IN_ROOT|RESOLVE_NO_SYMLINKS) from the old root, destinations from the new one, after the pivot"

var links = []attack{
	{
		name:    "destinations through symlinks",
		tries:   "mount at x/tmp/pwn and the like, where x leads to /, ../../.., /.., /proc/self/fd/N, /proc/1/root",
		defence: resolved,
		under:   []string{build, asRoot, allCaps},
		inside:  lookAround,
		outside: destinations,
	}, {
		name:    "hostile root file system",
		tries:   "a root whose dev, proc, sys, tmp, run, etc are symlinks to all sorts of places",
		defence: resolved,
		under:   []string{build, asRoot, allCaps},
		inside:  lookAround,
		outside: hostileRoots,
	}, {
		name:    "sources through symlinks",
		tries:   "have the secret shown through symlinks in the writable project",
		defence: "a source is not followed through a symlink that lies in a folder the sandbox may write to",
		under:   []string{build},
		inside:  lookAround,
		outside: sources,
	}, {
		name:    "sources that change after they were looked at",
		tries:   "turn a source into a symlink between compiling and starting",
		defence: "the real path is opened with RESOLVE_NO_SYMLINKS; what was looked at is mounted, or nothing",
		under:   []string{build},
		inside:  lookAround,
		outside: func(s *scene) {
			mine := filepath.Join(s.base, "mine")
			s.mkdir(mine)
			s.show(mine, "/shown", false)
			s.startLater(func() {
				s.must(os.Remove(mine))
				s.symlink(s.secret, mine)
			})
			s.must(os.Remove(mine))
			s.mkdir(filepath.Join(mine, "sub"))
			s.prepare()
			s.show(filepath.Join(mine, "sub"), "/shown", false)
			s.startLater(func() {
				s.must(os.RemoveAll(mine))
				s.must(os.Mkdir(filepath.Join(s.secret, "sub"), 0o755))
				s.write(filepath.Join(s.secret, "sub", "token"), s.token)
				s.symlink(s.secret, mine)
			})
		},
	},
}

// lookAround prints every file called token that it can see, and looks for what
// only the host has.
func lookAround(p *prisoner) {
	for _, name := range append(p.args, "/lost+found", "/boot", "/home/"+filepath.Base(os.Getenv("HOME"))+"/.ssh") {
		p.refused("open "+name, mayOpen(name, unix.O_RDONLY), unix.ENOENT, unix.EACCES, unix.ELOOP, unix.ENOTDIR)
	}
	filepath.WalkDir("/", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.Name() == "token":
			text, _ := os.ReadFile(name)
			os.Stdout.Write(text)
		case d.IsDir() && (name == "/proc" || name == "/usr" || name == "/opt" || name == "/snap" || name == "/nix"):
			return fs.SkipDir
		}
		return nil
	})
	var st unix.Stat_t
	if err := unix.Stat("/dev/null", &st); err == nil && (st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != unix.Mkdev(1, 3)) {
		p.bad("/dev/null is not the null device: %o", st.Mode)
	}
}

// tryLaunch launches the part inside; that the sandbox cannot be made is fine.
func (s *scene) tryLaunch(what string) {
	s.Helper()
	s.cmd.Args = []string{"/attack", s.secret}
	s.cmd.Env = []string{s.role(), "HOME=" + os.Getenv("HOME")}
	if err := s.cmd.Start(); err != nil {
		return
	}
	s.cmd.Kill()
	s.cmd.Wait()
	again := &sandbox.Cmd{Args: s.cmd.Args, Env: s.cmd.Env, Policy: s.cmd.Policy}
	out, err := again.CombinedOutput()
	s.report(string(out), err)
	if s.Failed() {
		s.Fatal(what)
	}
}

// startLater compiles the sandbox, runs f, and starts what was compiled.
func (s *scene) startLater(f func()) {
	s.Helper()
	s.cmd.Args = []string{"/attack", s.secret}
	s.cmd.Env = []string{s.role(), "HOME=" + os.Getenv("HOME")}
	out, err := s.compiled(f)
	s.noSecret(out)
	if err == nil {
		s.Errorf("it started:\n%s", out)
	}
}

func destinations(s *scene) {
	gift := filepath.Join(s.base, "gift")
	s.write(filepath.Join(gift, "file"), "a gift")
	hostile := s.path("hostile")
	s.mkdir(hostile)
	names := map[string]string{"x": "/", "y": "../../../../../../..", "w": "/..", "q": "/proc/1/root", "c": "/proc/self/cwd", "r": "/proc/thread-self/root", "t": "/tmp", "s": s.secret}
	for fd := range 12 {
		names[fmt.Sprint("z", fd)] = fmt.Sprint("/proc/self/fd/", fd)
	}
	for name, to := range names {
		s.symlink(to, filepath.Join(hostile, name))
	}
	s.theirs()
	mark := "pwn-" + filepath.Base(s.base)
	before, mountsBefore := snapshot(s.T, s.base), hostMounts(s.T)
	for name := range names {
		for _, below := range []string{"", "/" + mark, "/tmp/" + mark, "/../" + mark} {
			for _, writable := range []bool{true, false} {
				s.prepare()
				where := hostile
				if !writable {
					s.show(hostile, "/hostile", false)
					where = "/hostile"
				}
				target := where + "/" + name + below
				kinds := entries(gift, target)
				kind := kinds[len(name+below)%len(kinds)]
				s.cmd.Policy.Files = append(s.cmd.Policy.Files, kind)
				if s.cmd.Start() == nil {
					s.cmd.Kill()
					s.cmd.Wait()
				}
				if exists("/"+mark) || exists("/tmp/"+mark) || exists(filepath.Join(s.secret, mark)) {
					s.Fatalf("%v: something was made on the host", kind)
				}
			}
		}
	}
	// Every kind of entry, with a look at what came of it.
	for _, name := range []string{"x", "y", "w", "z3", "q", "s"} {
		for _, e := range entries(gift, hostile+"/"+name+"/tmp/"+mark) {
			s.prepare()
			s.cmd.Policy.Files = append(s.cmd.Policy.Files, e)
			s.tryLaunch(e.String())
		}
	}
	same(s.T, before, snapshot(s.T, s.base))
	same(s.T, mountsBefore, hostMounts(s.T))
}

// entries is one of each kind with a target.
func entries(gift, target string) []mounts.Entry {
	return []mounts.Entry{
		mounts.Bind{Source: gift, Target: target},
		mounts.Bind{Source: filepath.Join(gift, "file"), Target: target, Writable: true},
		mounts.Tmpfs{Target: target},
		mounts.Dir{Target: target},
		mounts.Symlink{Link: "/etc", Target: target},
		mounts.Proc{Target: target},
		mounts.Dev{Target: target},
		mounts.Hide{Target: target},
		mounts.ReadOnly{Target: target},
		mounts.File{Target: target, Content: "pwn"},
		mounts.Chmod{Target: target, Mode: 0o777},
		mounts.Dir{Target: target, Mode: 0o777},
		mounts.Mqueue{Target: target},
		mounts.Sysfs{Target: target},
		mounts.Cgroupfs{Target: target},
	}
}

func hostileRoots(s *scene) {
	for i, to := range []string{s.secret, "/", "../../../../../..", "/proc/1/root", "/proc/self/fd/3", "/proc/self/fd/4", "/etc", "dev", "/.."} {
		root := filepath.Join(s.base, fmt.Sprint("root", i))
		s.mkdir(root, filepath.Join(root, "real"))
		for _, name := range []string{"dev", "proc", "sys", "tmp", "run", "etc", "home", "usr", "bin", "var", "attack", "token"} {
			s.symlink(to, filepath.Join(root, name))
		}
		nulls := filepath.Join(s.base, fmt.Sprint("nulls", i))
		s.mkdir(filepath.Join(nulls, "dev"))
		s.symlink(to, filepath.Join(nulls, "dev", "null"))
		s.symlink(to, filepath.Join(nulls, "proc"))
		before, mountsBefore := snapshot(s.T, s.base), hostMounts(s.T)
		for _, dir := range []string{root, nulls} {
			s.prepare()
			policy, err := sandbox.RootfsPolicy(dir)
			if err != nil {
				continue
			}
			s.cmd.Policy.Files = append(policy.Files, mounts.Bind{Source: program, Target: "/attack"})
			s.cmd.Policy.Dir = ""
			s.tryLaunch(dir + " -> " + to)
		}
		same(s.T, before, snapshot(s.T, s.base))
		same(s.T, mountsBefore, hostMounts(s.T))
	}
}

func sources(s *scene) {
	trusted := filepath.Join(s.base, "trusted")
	s.mkdir(trusted, s.path("real"))
	s.symlink(s.secret, s.path("direct"))
	s.symlink(s.base, s.path("up"))
	s.symlink("real", s.path("inner"))
	s.symlink("../secret", s.path("relative"))
	s.symlink("/proc/self/cwd", s.path("magic"))
	s.symlink(s.path("direct"), filepath.Join(trusted, "chain"))     // theirs is behind ours
	s.symlink(s.path("up"), filepath.Join(trusted, "folder"))        // likewise, a parent
	s.symlink(s.dir, filepath.Join(trusted, "project"))              // ours leads to the project
	s.symlink("../project/relative", filepath.Join(trusted, "long")) // and this
	for _, source := range []string{
		s.path("direct"), s.path("direct", "token"), s.path("up", "secret"), s.path("relative"), s.path("inner", "..", "..", "secret", "..", "project", "direct"),
		filepath.Join(trusted, "chain"), filepath.Join(trusted, "chain", "token"), filepath.Join(trusted, "folder", "secret"),
		filepath.Join(trusted, "project", "direct"), filepath.Join(trusted, "project", "up", "secret", "token"), filepath.Join(trusted, "long"),
	} {
		s.Run(filepath.Base(filepath.Dir(source))+"_"+filepath.Base(source), func(t *testing.T) {
			inner := *s
			inner.T = t
			inner.prepare()
			inner.show(source, "/shown", false)
			inner.tryLaunch(source)
		})
	}
}
