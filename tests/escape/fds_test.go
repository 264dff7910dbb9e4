package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

var descriptors = []attack{
	{
		name:    "inherited descriptors",
		tries:   "use what the caller left open: 50 files, folders and sockets",
		defence: "close_range(2) before anything runs",
		inside:  useDescriptors,
		outside: func(s *scene) {
			s.leaveOpen(s.secret, "/", "/proc", filepath.Join(s.secret, "token"))
			s.launch()
			// Once more by a program that opens none itself.
			s.prepare()
			s.cmd.Args = []string{"/bin/sh", "-c", "exec ls /proc/self/fd"}
			out, err := s.cmd.CombinedOutput()
			if want := "0\n1\n2\n3\n"; err != nil || string(out) != want { // 3 is the folder that ls reads
				s.Errorf("the descriptors are %q, %v, want %q", out, err, want)
			}
		},
	}, {
		name:    "inherited descriptors of the command line",
		tries:   "the same, when usandbox itself has inherited them",
		defence: "close_range(2) before anything runs",
		under:   []string{build},
		inside:  useDescriptors,
		outside: func(s *scene) {
			out, err := s.commandLine("leak", s.secret).Output()
			s.report(string(out), err)
		},
	}, {
		name:    "working directory",
		tries:   "climb from the working directory, and get to a folder by its descriptor",
		defence: "the working directory is resolved after the pivot",
		inside:  climb,
	},
}

func init() { roles["leak"] = leak }

// leaveOpen opens 50 descriptors that an exec inherits, until the test ends.
func (s *scene) leaveOpen(names ...string) {
	for _, fd := range inheritable(names) {
		s.Cleanup(func() { unix.Close(fd) })
	}
}

func inheritable(names []string) (list []int) {
	for i := range 50 {
		flags := unix.O_RDONLY
		if i%3 == 0 {
			flags = unix.O_PATH
		}
		if fd, err := unix.Open(names[i%len(names)], flags, 0); err == nil {
			list = append(list, fd)
		}
	}
	if pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); err == nil {
		list = append(list, pair[0], pair[1])
	}
	return list
}

// leak executes a program with 50 inherited descriptors: SECRET program args.
func leak(args []string) {
	inheritable([]string{args[0], "/", "/proc"})
	execute(args[1:])
}

func useDescriptors(p *prisoner) {
	if want := []int{0, 1, 2}; !slices.Equal(p.open, want) {
		p.bad("the descriptors %v are open, want %v", p.open, want)
	}
	for fd := range 200 {
		if fd > 2 && !slices.Contains(p.open, fd) {
			continue
		}
		name := fmt.Sprintf("/proc/self/fd/%d", fd)
		to, _ := os.Readlink(name)
		p.refused("chdir to "+to, os.Chdir(name), unix.ENOTDIR, unix.ENOENT, unix.EACCES)
		_, err := unix.Openat(fd, "..", unix.O_PATH, 0)
		p.refused("open .. of "+to, err, unix.ENOTDIR)
		_, err = unix.Openat(fd, "token", unix.O_RDONLY, 0)
		p.refused("open a file of "+to, err, unix.ENOTDIR)
	}
}

func climb(p *prisoner) {
	cwd, err := os.Getwd()
	if err != nil || !strings.HasPrefix(cwd, "/") || strings.Contains(cwd, "unreachable") {
		p.bad("the working directory is %q, %v", cwd, err)
	}
	var root, top unix.Stat_t
	p.worked("stat /", unix.Stat("/", &root))
	for range 64 {
		p.worked("chdir ..", os.Chdir(".."))
	}
	p.worked("stat .", unix.Stat(".", &top))
	if root.Ino != top.Ino || root.Dev != top.Dev {
		p.bad("the top of the tree is not /")
	}
	p.refused("find the secret by ..", mayOpen(strings.Repeat("../", 64)+cwd+"/../secret/token", unix.O_RDONLY), unix.ENOENT)
	for _, name := range []string{"/proc/self/root", "/proc/self/cwd", "/proc/thread-self/root"} {
		p.refused(name, mayOpen(name+"/../../.."+filepath.Dir(cwd)+"/secret/token", unix.O_RDONLY), unix.ENOENT)
	}
}
