package escape

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
)

const wholeSystem = "what is about the whole system is read-only in every proc; no capability outside"

// What a caller who is root could do needs no capability: root owns the files.
var system = []attack{
	{
		name:    "settings of the kernel",
		tries:   "open /proc/sys/kernel/core_pattern and every other file of proc that is not about a process for writing",
		defence: wholeSystem,
		inside:  writeSettings,
	}, {
		name:    "secrets of the kernel",
		tries:   "read memory, log and addresses of the kernel through proc",
		defence: wholeSystem,
		inside: func(p *prisoner) {
			for _, name := range []string{"kcore", "kmsg", "kpagecount", "kpageflags", "kpagecgroup", "vmallocinfo", "slabinfo"} {
				p.refused("read /proc/"+name, mayReadSome("/proc/"+name), unix.EPERM, unix.EACCES, unix.ENOENT, unix.EIO, unix.ENODATA)
			}
			text, _ := os.ReadFile("/proc/kallsyms")
			for line := range strings.Lines(string(text)) {
				if address, _, _ := strings.Cut(line, " "); strings.Trim(address, "0") != "" {
					p.bad("kallsyms tells addresses: %s", line)
					break
				}
			}
		},
	}, {
		name:    "devices of the host",
		tries:   "change mode, owner, times and attributes of the device nodes",
		defence: "the devices are bound read-only, which lets one write to a device but not change its node",
		inside:  changeDevices,
		outside: func(s *scene) {
			before := devices(s)
			s.launch()
			same(s.T, before, devices(s))
		},
	}, {
		name:    "the null device of the caller",
		tries:   "change the mode of the host's null device through a standard stream",
		defence: "standard streams that the caller leaves out are opened in the sandbox",
		inside: func(p *prisoner) {
			var st unix.Stat_t
			p.worked("fstat", unix.Fstat(0, &st))
			p.refused("fchmod 0", unix.Fchmod(0, st.Mode&0o7777), unix.EROFS, unix.EPERM)
			p.refused("chmod /proc/self/fd/0", unix.Chmod("/proc/self/fd/0", st.Mode&0o7777), unix.EROFS, unix.EPERM)
		},
	}, {
		name:    "root's files",
		tries:   "read /etc/shadow",
		defence: "another user outside (--as); an ordinary user has no right to it anyway",
		inside: func(p *prisoner) {
			err := mayOpen("/etc/shadow", unix.O_RDONLY)
			if isRoot() && err == nil {
				p.tried++ // told in one line before the start
				return
			}
			p.refused("open /etc/shadow", err, unix.EACCES, unix.ENOENT)
		},
	}, {
		name:    "privileged calls",
		tries:   "load a module, mount, set the clock or host name, swap, log, port access, keys of others",
		defence: "no capability outside",
		inside:  privilegedCalls,
	}, {
		name:    "ids that are not the caller's",
		tries:   "map root's id, ranges of others, ranges that overflow",
		defence: "only delegated ranges; 64-bit arithmetic; start + count is at most 2^32",
		under:   []string{build},
		outside: foreignIDs,
	},
}

func writeSettings(p *prisoner) {
	for _, name := range []string{
		"sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/kernel/hotplug", "sysrq-trigger", "sys/vm/drop_caches",
		"sys/fs/binfmt_misc/register", "sys/kernel/ns_last_pid", "sys/net/ipv4/ip_forward", "sys/user/max_user_namespaces", "sys/kernel/hostname",
	} {
		if p.ownSetting("/proc/" + name) {
			continue
		}
		for _, flags := range []int{unix.O_WRONLY, unix.O_RDWR} {
			p.refused("write /proc/"+name, mayOpen("/proc/"+name, flags), unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOENT)
			p.refused("write by a magic link "+name, mayOpen("/proc/self/root/proc/"+name, flags), unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOENT)
		}
	}
	filepath.WalkDir("/proc", func(name string, d fs.DirEntry, err error) error {
		base := strings.Trim(d.Name(), "0123456789")
		switch {
		case base == "" && d.IsDir():
			return fs.SkipDir // a process: its files are its own
		case err != nil || d.IsDir() || d.Type() != 0:
			return nil
		case strings.HasPrefix(name, "/proc/pressure/"), p.ownSetting(name):
			return nil // a trigger of one's own
		}
		if info, err := d.Info(); err != nil || info.Mode()&0o222 == 0 {
			return nil // there is nothing that would take it
		}
		p.refused("write "+name, mayOpen(name, unix.O_WRONLY), unix.EROFS, unix.EACCES, unix.EPERM, unix.ENOENT, unix.EIO, unix.EINVAL, unix.ENXIO)
		return nil
	})
}

// ownSetting reports whether a file is about the sandbox's own namespaces, which
// bubblewrap leaves writable.
func (p *prisoner) ownSetting(name string) bool {
	name = strings.TrimPrefix(name, "/proc/sys/")
	own := []string{"kernel/ns_last_pid", "kernel/pid_max", "kernel/sem", "kernel/auto_msgmni", "kernel/shm_rmid_forced"}
	return p.policy == bubblewrap && (slices.Contains(own, name) || strings.HasPrefix(name, "fs/mqueue/") ||
		strings.HasPrefix(name, "kernel/msg") || strings.HasPrefix(name, "kernel/shm"))
}

func devices(s *scene) (lines []string) {
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		info, err := os.Stat("/dev/" + name)
		s.must(err)
		line := describe(name, info)
		before, _, _ := strings.Cut(line, " modified") // others write to them
		lines = append(lines, before)
	}
	return lines
}

// changeDevices asks for the mode and owner that a node has already: nothing is
// lost if it is granted.
func changeDevices(p *prisoner) {
	wants := []error{unix.EROFS, unix.EPERM, unix.EACCES}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		name = "/dev/" + name
		var st unix.Stat_t
		p.worked("stat", unix.Stat(name, &st))
		p.refused("chmod "+name, unix.Chmod(name, st.Mode&0o7777), wants...)
		p.refused("chown "+name, unix.Chown(name, int(st.Uid), int(st.Gid)), append(wants, unix.EINVAL)...)
		fd, err := unix.Open(name, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		if err == nil {
			p.refused("fchmod "+name, unix.Fchmod(fd, st.Mode&0o7777), wants...)
			unix.Close(fd)
		} else if name != "/dev/tty" {
			p.bad("open %s: %v", name, err)
		}
	}
}

func privilegedCalls(p *prisoner) {
	p.refused("init_module", call(unix.SYS_INIT_MODULE, 0, 0, 0), unix.EPERM, unix.ENOSYS)
	p.refused("finit_module", call(unix.SYS_FINIT_MODULE, ^uintptr(0), 0, 0), unix.EPERM, unix.ENOSYS)
	p.refused("delete_module", call(unix.SYS_DELETE_MODULE, 0, 0), unix.EPERM, unix.ENOSYS)
	p.refused("swapoff", call(unix.SYS_SWAPOFF, 0))
	p.refused("settimeofday", unix.Settimeofday(&unix.Timeval{Sec: -1}), unix.EPERM, unix.EINVAL)
	p.refused("clock_adjtime", adjustClock())
	p.refused("syslog", call(unix.SYS_SYSLOG, 5, 0, 0)) // clear
	p.refused("kexec_load", call(unix.SYS_KEXEC_LOAD, 0, 0, 0, 0), unix.EPERM, unix.ENOSYS)
	p.refused("lookup_dcookie", call(unix.SYS_LOOKUP_DCOOKIE, 0, 0, 0), unix.EPERM, unix.ENOSYS)
	_, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT, unix.O_RDONLY)
	p.refused("fanotify_init with permission events", err)
	p.refused("more pages", raiseLimit())
	if p.has() {
		return // these are about the sandbox's own namespaces
	}
	p.refused("sethostname", unix.Sethostname([]byte("x")))
	_, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	p.refused("raw socket", err)
	_, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	p.refused("packet socket", err, unix.EPERM, unix.EAFNOSUPPORT)
	p.refused("setpriority", unix.Setpriority(unix.PRIO_PROCESS, 0, -20))
	p.refused("vhangup", call(unix.SYS_VHANGUP))
	p.refused("join the user namespace again", joinOwn("user", unix.CLONE_NEWUSER), unix.EINVAL, unix.EPERM)
}

func adjustClock() error {
	_, err := unix.Adjtimex(&unix.Timex{Modes: unix.ADJ_FREQUENCY, Freq: 0})
	return err
}

func raiseLimit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return err
	}
	if limit.Max == unix.RLIM_INFINITY {
		return unix.EPERM // nothing to raise
	}
	limit.Max++
	return unix.Setrlimit(unix.RLIMIT_MEMLOCK, &limit)
}

func joinOwn(kind string, flag int) error {
	fd, err := unix.Open("/proc/self/ns/"+kind, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Setns(fd, flag)
}

// startWith reports whether a policy for ids can be had.
func (s *scene) startWith(change func(*sandbox.Policy)) error {
	p, _ := policy(s.T, build, s.dir)
	change(&p)
	cmd := &sandbox.Cmd{Args: []string{"/attack"}, Policy: p, Env: []string{roleVariable + "=whoami"}}
	out, err := cmd.CombinedOutput()
	if err == nil {
		s.Logf("%s", out)
	}
	return err
}
