package escape

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var identities = []attack{
	{
		name:    "capabilities",
		tries:   "have a capability, before and after an exec as user 0",
		defence: "all five sets are emptied, the bounding set too; no_new_privs",
		inside:  haveCapabilities,
	}, {
		name:    "become somebody else",
		tries:   "setuid, setgid, setgroups, setfsuid to every id worth having",
		defence: "no capability; ids that are not mapped do not exist; setgroups is denied",
		inside:  becomeOther,
	}, {
		name:    "set-user-id file",
		tries:   "execute a file with set-user-id and set-group-id bits that belongs to another user",
		defence: "nosuid on every mount, no_new_privs",
		inside:  func(p *prisoner) { p.execSetuid(p.args[0], p.args[1:]...) },
		outside: setuidFile,
	}, {
		name:    "set-user-id programs of the system",
		tries:   "gain by newuidmap, su, sudo, mount and whatever carries the bit",
		defence: "nosuid on every mount, no_new_privs",
		inside: func(p *prisoner) {
			for _, dir := range []string{"/usr", "/etc", "/attack", "."} {
				var st unix.Statfs_t
				p.worked("statfs "+dir, unix.Statfs(dir, &st))
				if st.Flags&unix.ST_NOSUID == 0 {
					p.bad("%s is not mounted nosuid", dir)
				}
			}
		},
	}, {
		name:    "negative group",
		tries:   "read a file of mode 0707 whose group the user is in",
		defence: "setgroups is denied before gid_map is written, unless a delegated range is used",
		inside: func(p *prisoner) {
			switch err := mayOpen("/shut-out", unix.O_RDONLY); {
			case p.policy == ranges && err == nil:
				p.tried++ // the administrator delegated a range of groups: groups may be left
			default:
				p.refused("read a file that the group is shut out from", err)
			}
		},
		outside: shutOut,
	}, {
		name:    "device nodes",
		tries:   "make device nodes, and use them",
		defence: "no CAP_MKNOD outside; nodev",
		inside:  makeNodes,
	},
}

func haveCapabilities(p *prisoner) {
	if len(p.args) == 0 {
		cmd := exec.Command("/attack", "again")
		cmd.Env = append(os.Environ(), roleVariable+"=inside "+p.policy+" capabilities")
		out, err := cmd.CombinedOutput()
		p.worked("execute /attack", err)
		if err != nil {
			p.bad("%s", out)
		}
	}
	want := none
	if p.has() {
		want = everyCap()
	}
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		p.tried++
		if got := status("self", set); got != want {
			p.bad("%s is %s, want %s", set, got, want)
		}
	}
	if got := status("self", "NoNewPrivs"); got != "1" {
		p.bad("no_new_privs is %s", got)
	}
	if !p.has() {
		p.refused("raise an ambient capability", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_SYS_ADMIN, 0, 0))
		p.refused("change the secure bits", unix.Prctl(unix.PR_SET_SECUREBITS, 0, 0, 0, 0))
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		data := [2]unix.CapUserData{{Effective: 1 << unix.CAP_SYS_ADMIN, Permitted: 1 << unix.CAP_SYS_ADMIN}}
		p.refused("capset", unix.Capset(&header, &data[0]))
	}
	p.refused("clear no_new_privs", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), unix.EINVAL)
}

func becomeOther(p *prisoner) {
	own, group := unix.Getuid(), unix.Getgid()
	for _, id := range []int{0, 1, 2, 1000, 65533, 65534, 99999, 100000, 165536, 4294967294} {
		what := strconv.Itoa(id)
		if id != own {
			p.refused("setresuid "+what, call(unix.SYS_SETRESUID, uintptr(id), uintptr(id), uintptr(id)), unix.EPERM, unix.EINVAL)
			if got, _ := unix.SetfsuidRetUid(id); got != own {
				p.bad("the file system's user id is %d", got)
			}
		}
		if id != group {
			p.refused("setresgid "+what, call(unix.SYS_SETRESGID, uintptr(id), uintptr(id), uintptr(id)), unix.EPERM, unix.EINVAL)
			if got, _ := unix.SetfsgidRetGid(id); got != group {
				p.bad("the file system's group id is %d", got)
			}
		}
		list := [1]uint32{uint32(id)}
		p.refused("setgroups "+what, rawSetgroups(list[:]), unix.EPERM, unix.EINVAL)
	}
	p.refused("setgroups to none", rawSetgroups(nil), unix.EPERM)
	if p.policy != ranges {
		for _, x := range []string{"uid_map", "gid_map"} {
			text, _ := os.ReadFile("/proc/self/" + x)
			if f := strings.Fields(string(text)); len(f) != 3 || f[2] != "1" {
				p.bad("%s is %q, want one id", x, text)
			}
		}
		text, _ := os.ReadFile("/proc/self/setgroups")
		if string(text) != "deny\n" {
			p.bad("setgroups is %q", text)
		}
	}
	for _, name := range []string{"uid_map", "gid_map", "setgroups"} {
		fd, err := unix.Open("/proc/self/"+name, unix.O_WRONLY, 0)
		if err == nil {
			text := "0 0 4294967295\n"
			if name == "setgroups" {
				text = "allow"
			}
			_, err = unix.Write(fd, []byte(text))
			unix.Close(fd)
		}
		p.refused("write "+name, err)
	}
}

func rawSetgroups(list []uint32) error {
	if len(list) == 0 {
		return call(unix.SYS_SETGROUPS, 0, 0)
	}
	return setgroupsPointer(list)
}

// setuidFile makes a file that would change the user: by root, one of root's for
// a sandbox that is another user; by a user, one of their own for a sandbox that
// is another id of their range.
func setuidFile(s *scene) {
	name := filepath.Join(s.base, "setuid")
	s.must(makeSetuid(name))
	if s.name == ranges {
		id := uint32(6)
		s.cmd.Policy.UID, s.cmd.Policy.GID = &id, &id
	}
	s.show(name, "/setuid/id", false)
	s.say = []string{"/setuid/id"}
	if shared := filepath.Join(folder, "setuid-of-root"); os.Getuid() != 0 && exists(shared) {
		s.show(shared, "/setuid-of-root/id", false)
		s.say = append(s.say, "/setuid-of-root/id")
	}
	s.launch()
}

// makeSetuid makes a set-user-id and set-group-id copy of id(1): a program that
// does no harm to whoever finds it. A copy of this one would execute anything.
func makeSetuid(name string) error {
	id, err := exec.LookPath("id")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(id)
	if err == nil {
		err = os.WriteFile(name, text, 0o755)
	}
	if err == nil {
		err = os.Chmod(name, 0o755|os.ModeSetuid|os.ModeSetgid)
	}
	return err
}

func (p *prisoner) execSetuid(name string, more ...string) {
	for _, name := range append([]string{name}, more...) {
		for flag, own := range map[string]int{"-u": unix.Getuid(), "-g": unix.Getgid()} {
			out, err := exec.Command(name, flag).Output() // prints the effective id
			p.worked("execute "+name, err)
			if want := fmt.Sprintln(own); string(out) != want {
				p.bad("%s %s prints %q, want %q", name, flag, out, want)
			}
		}
	}
}

func init() {
	roles["whoami"] = func([]string) { fmt.Println(unix.Getuid(), unix.Geteuid(), unix.Getgid(), unix.Getegid()) }
}

// shutOut shows the file that TestAsUser made for the negative group. Who runs
// the tests without root in front has no file of that kind, unless root made one.
func shutOut(s *scene) {
	shared := filepath.Join(folder, "shut-out")
	groups, _ := syscall.Getgroups()
	if os.Getuid() == 0 || len(groups) == 0 || !exists(shared) {
		if os.Getuid() != 0 {
			s.Skip("skip: only root can make a file of a group that shuts this user out")
		}
		return // root is not bound by modes; the user's run has it
	}
	if s.name != build && mayOpen(shared, unix.O_RDONLY) == nil {
		s.Fatal("BUG: the file can be read outside")
	}
	s.show(shared, "/shut-out", false)
	s.launch()
}

func makeNodes(p *prisoner) {
	for _, x := range []struct {
		name string
		mode uint32
		dev  uint64
	}{
		{"kmsg", unix.S_IFCHR | 0o666, unix.Mkdev(1, 11)}, {"mem", unix.S_IFCHR | 0o666, unix.Mkdev(1, 1)},
		{"disk", unix.S_IFBLK | 0o666, unix.Mkdev(254, 0)}, {"sda", unix.S_IFBLK | 0o666, unix.Mkdev(8, 0)},
	} {
		for _, dir := range []string{".", "/tmp", "/dev", "/dev/shm"} {
			name := filepath.Join(dir, x.name)
			p.refused("mknod "+name, unix.Mknod(name, x.mode, int(x.dev)))
			p.refused("open "+name, mayOpen(name, unix.O_RDONLY), unix.ENOENT)
		}
	}
}
