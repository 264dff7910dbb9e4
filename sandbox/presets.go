package sandbox

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/internal/realpath"
	"github.com/usandbox/usandbox/mounts"
)

// SystemPolicy is a sandbox in which the programs of the system run and nothing
// of the caller's is seen: the system folders read-only, an empty home, private
// temporary folders, a proc and minimal devices. [Command] uses it.
func SystemPolicy() Policy {
	return Policy{Files: systemFiles(mounts.System())}
}

// RootfsPolicy is SystemPolicy with a folder as the root instead of the host's
// system folders: a container image, or another distribution. It is read-only.
func RootfsPolicy(dir string) (Policy, error) {
	files, err := mounts.Rootfs(dir, "")
	return Policy{Files: systemFiles(files)}, err
}

// systemFiles adds to a root what belongs to every system.
func systemFiles(root []mounts.Entry) []mounts.Entry {
	files := append(root,
		mounts.Tmpfs{Target: "/tmp", Mode: 0o1777},
		mounts.Tmpfs{Target: "/var/tmp", Mode: 0o1777},
		mounts.Tmpfs{Target: "/run"},
	)
	if home := homeDir(); home != "" {
		files = append(files, mounts.Tmpfs{Target: home, Mode: 0o700})
	}
	proc := mounts.Proc{Target: "/proc", Masked: os.Geteuid() == 0}
	return slices.Clip(append(files, proc, mounts.Dev{Target: "/dev", Console: callersTerminal()}))
}

// BuildPolicy is [SystemPolicy] for an untrusted build in dir: dir is writable,
// except for what git would run on the host (.git/hooks, .git/config, and a .git
// that is a file), and is the working directory. It refuses a dir that is the
// root, the home folder or an ancestor of it, a temporary folder shared with
// others, or a system folder.
func BuildPolicy(dir string) (Policy, error) {
	return SystemPolicy().WithWritable(dir)
}

// WithWritable returns the policy with dir writable, protected as BuildPolicy
// does, and as the working directory. If dir is a linked work tree of git or a
// submodule, the git folder outside is writable too, likewise protected, unless it
// does not link back to dir: then it is not shown, and GitNotShown of the result
// says why.
func (p Policy) WithWritable(dir string) (Policy, error) {
	real, err := Project(dir)
	if err != nil {
		return p, err
	}
	git, err := protectGit(real)
	if err != nil {
		return p, err
	}
	p.Files = append(p.Files[:len(p.Files):len(p.Files)], mounts.Bind{Source: real, Target: real, Writable: true})
	p.Files = append(p.Files, git...)
	outer, refused := showGit(real, p.As)
	p.Files = slices.Clip(append(p.Files, outer...))
	p.Dir, p.GitNotShown = real, refused
	return p, nil
}

// Project is the real path of a folder that may be writable as a whole. It refuses,
// with a [TooWideError], one that is the root, the home folder or an ancestor of it, a
// temporary folder shared with others, or a system folder.
func Project(dir string) (string, error) {
	real, err := realpath.Of(dir)
	if err != nil {
		return "", fmt.Errorf("use %s as the writable folder: %w", dir, err)
	}
	if why := tooWide(real); why != "" {
		return "", &TooWideError{Dir: real, Why: why}
	}
	return real, nil
}

// TooWideError says that a folder is not made writable as a whole, as it holds
// more than one project.
type TooWideError struct {
	Dir, Why string
}

func (e *TooWideError) Error() string {
	return fmt.Sprintf("make %s writable: it is %s", e.Dir, e.Why)
}

// projects are where projects are kept below system folders.
var projects = []string{"/opt/", "/usr/src/", "/usr/local/src/"}

// tooWide says why a folder shall not be writable in a sandbox, or nothing.
func tooWide(dir string) string {
	if strings.HasPrefix(dir, "/run/") {
		return "where other programs have their sockets"
	}
	switch dir {
	case "/":
		return "the root of the file system"
	case "/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys", "/var", "/home", "/dev/shm", "/mnt", "/media", "/srv":
		return "shared with other programs"
	case "/var/lib", "/var/cache", "/var/log", "/var/spool", "/boot":
		return "a system folder"
	}
	for _, home := range homes() {
		if real, err := filepath.EvalSymlinks(home); err == nil {
			home = real
		}
		if home == dir {
			return "the home folder"
		}
		if strings.HasPrefix(home, dir+"/") {
			return "an ancestor of the home folder"
		}
	}
	for _, name := range mounts.SystemFolders {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			return "a system folder"
		}
		if strings.HasPrefix(dir, name+"/") && !slices.ContainsFunc(projects, func(p string) bool { return strings.HasPrefix(dir, p) }) {
			return "in a system folder"
		}
	}
	return ""
}

// homeDir is the caller's home folder as an absolute path; "" if there is none,
// or if it is the root.
func homeDir() string {
	home := filepath.Clean(os.Getenv("HOME"))
	if !filepath.IsAbs(home) || home == "/" {
		return ""
	}
	return home
}

// homes are the caller's home folder as HOME and as /etc/passwd have it.
func homes() (list []string) {
	if home := homeDir(); home != "" {
		list = append(list, home)
	}
	if u, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil && filepath.IsAbs(u.HomeDir) && u.HomeDir != "/" {
		list = append(list, filepath.Clean(u.HomeDir))
	}
	return list
}

// callersTerminal is the path of the terminal on standard input; "" if it is none.
func callersTerminal() string {
	name, err := os.Readlink("/proc/self/fd/0")
	if err != nil || !strings.HasPrefix(name, "/dev/pts/") && !strings.HasPrefix(name, "/dev/tty") {
		return ""
	}
	if _, err := os.Stat(name); err != nil {
		return ""
	}
	return name
}
