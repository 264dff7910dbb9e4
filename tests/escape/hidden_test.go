package escape

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// hides are attacks on names that are hidden in the project and in file systems of the
// sandbox's own, whether they exist or not.
var hides = []attack{{
	name:    "hidden names",
	tries:   "read, replace, rename and unlink what is hidden, and each folder on the way; make what does not exist; reach it by a symlink, /proc and a hard link",
	defence: "an empty read-only mount on the name, mount points on the way; a missing name is made and covered in file systems of the sandbox's own",
	under:   []string{build, asRoot},
	outside: hideNames,
	inside: func(p *prisoner) {
		busy := []error{unix.EBUSY, unix.EROFS, unix.EXDEV, unix.ENOTEMPTY, unix.EEXIST, unix.EISDIR, unix.ENOTDIR, unix.EACCES, unix.EPERM}
		for i, name := range p.args {
			for _, prefix := range []string{"", "/proc/self/root", "/proc/self/cwd/../../../../../../.."} {
				text, _ := os.ReadFile(prefix + name)
				os.Stdout.Write(text)
			}
			p.refused("write to "+name, mayOpen(name, unix.O_WRONLY|unix.O_CREAT), busy...)
			p.refused("unlink "+name, unix.Unlink(name), busy...)
			p.refused("rmdir "+name, unix.Rmdir(name), busy...)
			beside := filepath.Join(filepath.Dir(name), "beside"+itoa(i))
			p.refused("link "+name, unix.Linkat(unix.AT_FDCWD, name, unix.AT_FDCWD, beside, 0), busy...)
			for dir := name; dir != "/" && dir != "/tmp"; dir = filepath.Dir(dir) {
				if wd, _ := os.Getwd(); dir == wd { // its parents are not the command's
					break
				}
				other := dir + ".other"
				p.worked("make "+other, os.Mkdir(other, 0o755))
				p.refused("rename "+dir, unix.Rename(dir, dir+".old"), busy...)
				p.refused("rename over "+dir, unix.Rename(other, dir), busy...)
				p.refused("exchange "+dir, unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE), busy...)
				p.refused("move a symlink over "+dir, moveLink("/etc", dir), busy...)
			}
		}
	},
}}

// moveLink makes a symlink and renames it over a path.
func moveLink(to, over string) error {
	link := over + ".link"
	if err := unix.Symlink(to, link); err != nil {
		return err
	}
	defer os.Remove(link)
	return unix.Rename(link, over)
}

func hideNames(s *scene) {
	deep := s.path("a", "b")
	s.mkdir(deep)
	s.write(filepath.Join(deep, "x.key"), s.token)
	s.write(s.path("y.key"), s.token)
	s.must(os.Symlink("a/b/x.key", s.path("link.key")))
	s.theirs()
	s.cmd.Policy.Files = append(s.cmd.Policy.Files,
		mounts.HideGlob{Pattern: mounts.QuotePattern(s.dir) + "/**/*.key"}, mounts.Hide{Target: "/tmp/a/b/none"}, mounts.Hide{Target: "/tmp/none"})
	s.say = []string{filepath.Join(deep, "x.key"), s.path("y.key"), "/tmp/a/b/none", "/tmp/none"}
	s.noSecret(s.launch())
	for _, name := range s.say[:2] {
		if text, err := os.ReadFile(name); string(text) != s.token {
			s.Errorf("%s: %q, %v", name, text, err)
		}
	}
}
