package escape

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/testhost"
	"github.com/usandbox/usandbox/seccomp"
)

const theFilter = "the system call filter"

// filtered are attacks on the filter: what it denies has to be denied by it, with its
// own errno, whatever would stop it afterwards.
var filtered = []attack{
	{
		name:    "calls of other architectures",
		tries:   "make system calls as a 32-bit program, by int 0x80 of a 64-bit one, and with the bit of x32",
		defence: theFilter + " kills for an architecture that it has no rules for",
		under:   closed,
		inside:  foreignCalls,
	}, {
		name:    "numbers beyond the table",
		tries:   "system calls that a newer kernel has, and numbers with high bits",
		defence: theFilter + " has a table of numbers, and answers ENOSYS to others",
		under:   closed,
		inside: func(p *prisoner) {
			for nr := uintptr(480); nr < 1024; nr++ {
				p.refused("call "+itoa(int(nr)), call(nr), unix.ENOSYS)
			}
			for _, nr := range []uintptr{1 << 31, 1<<31 | unix.SYS_MOUNT, 0xffffffff, 1 << 20} {
				p.refused("a large number", call(nr), unix.ENOSYS)
			}
			p.refused("mount by a number with a 33rd bit", call(1<<32|unix.SYS_MOUNT), unix.EPERM, unix.ENOSYS)
		},
	}, {
		name:    "namespaces past the filter",
		tries:   "unshare(2), clone(2), clone3(2) and setns(2) with flags in every place",
		defence: theFilter,
		under:   closed,
		inside: func(p *prisoner) {
			flags := []uintptr{unix.CLONE_NEWUSER, unix.CLONE_NEWNS, unix.CLONE_NEWPID, unix.CLONE_NEWNET, unix.CLONE_NEWIPC, unix.CLONE_NEWUTS, unix.CLONE_NEWCGROUP}
			for _, flag := range flags {
				for _, more := range []uintptr{0, uintptr(unix.SIGCHLD), unix.CLONE_FS, 1 << 32, unix.CLONE_NEWUSER} {
					p.refused("clone", call(unix.SYS_CLONE, flag|more), unix.EPERM)
				}
				for _, more := range []uintptr{0, unix.CLONE_FS, 1 << 40, unix.CLONE_NEWUSER} {
					p.refused("unshare", call(unix.SYS_UNSHARE, flag|more), unix.EPERM)
				}
			}
			p.refused("unshare time", call(unix.SYS_UNSHARE, unix.CLONE_NEWTIME), unix.EPERM)
			args := [11]uint64{unix.CLONE_NEWUSER}
			p.refused("clone3", call(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), 88), unix.ENOSYS)
			p.refused("setns", joinOwn("user", 0), unix.EPERM)
			self, err := unix.PidfdOpen(unix.Getpid(), 0)
			p.worked("pidfd_open", err)
			p.refused("setns of a pidfd", unix.Setns(self, unix.CLONE_NEWNS), unix.EPERM)
			p.worked("unshare of what is no namespace", call(unix.SYS_UNSHARE, unix.CLONE_FS|unix.CLONE_SYSVSEM))
		},
	}, {
		name:    "mounts past the filter",
		tries:   "every call that mounts, unmounts, or changes the root",
		defence: theFilter,
		under:   closed,
		inside: func(p *prisoner) {
			p.each(unix.EPERM, "mount", "umount2", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr", "pivot_root", "chroot")
		},
	}, {
		name:    "subsystems of the kernel",
		tries:   "io_uring, bpf, perf events, userfaultfd, keyrings, file handles, modules, kexec, quotas, swap, accounting, reboot, the kernel's log",
		defence: theFilter,
		under:   closed,
		inside: func(p *prisoner) {
			p.each(unix.EPERM, "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd",
				"keyctl", "add_key", "request_key", "name_to_handle_at", "open_by_handle_at", "init_module", "finit_module", "delete_module",
				"kexec_load", "kexec_file_load", "quotactl", "quotactl_fd", "swapon", "swapoff", "reboot", "syslog", "lookup_dcookie", "vhangup",
				"modify_ldt", "iopl", "ioperm", "uselib", "_sysctl")
			p.refused("acct", call(unix.SYS_ACCT, 1), unix.EPERM) // not 0, which would switch it off
			const queryRing, joinSession = 0, 1
			p.refused("a ring of 1", call(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&[120]byte{}))), unix.EPERM)
			p.refused("the session keyring", call(unix.SYS_KEYCTL, queryRing, uintptr(^uint32(2)), 0), unix.EPERM)
			p.refused("a new session keyring", call(unix.SYS_KEYCTL, joinSession, 0), unix.EPERM)
		},
	}, {
		name:    "sockets of other families",
		tries:   "AF_ALG, AF_VSOCK, packet, netlink of other protocols, every family that there is, SCTP, DCCP, L2TP and SMC, with high bits too",
		defence: theFilter,
		under:   closed,
		inside: func(p *prisoner) {
			for family := uintptr(0); family < 64; family++ {
				switch family {
				case unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK:
					continue
				}
				for _, high := range []uintptr{0, 1 << 32} {
					for kind := uintptr(1); kind <= 5; kind++ {
						p.refused("socket of family "+itoa(int(family)), call(unix.SYS_SOCKET, family|high, kind), unix.EAFNOSUPPORT)
					}
					p.refused("socketpair", call(unix.SYS_SOCKETPAIR, family|high, 1), unix.EAFNOSUPPORT)
				}
			}
			for protocol := uintptr(1); protocol < 32; protocol++ {
				p.refused("netlink protocol "+itoa(int(protocol)), call(unix.SYS_SOCKET, unix.AF_NETLINK, unix.SOCK_RAW, protocol), unix.EAFNOSUPPORT)
			}
			for _, protocol := range []uintptr{unix.IPPROTO_SCTP, unix.IPPROTO_DCCP, unix.IPPROTO_L2TP, 256} {
				for _, high := range []uintptr{0, 1 << 32} {
					for kind := uintptr(1); kind <= 6; kind++ {
						if kind != unix.SOCK_RAW {
							p.refused("inet protocol "+itoa(int(protocol)), call(unix.SYS_SOCKET, unix.AF_INET, kind, protocol|high), unix.EPROTONOSUPPORT)
							p.refused("inet6 protocol "+itoa(int(protocol)), call(unix.SYS_SOCKET, unix.AF_INET6, kind, protocol|high), unix.EPROTONOSUPPORT)
						}
					}
				}
			}
			p.refused("SOCK_PACKET", call(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_PACKET|unix.SOCK_CLOEXEC), unix.EAFNOSUPPORT)
			for _, family := range []int{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK} {
				kind := unix.SOCK_DGRAM
				fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
				p.worked("socket of family "+itoa(family), err)
				unix.Close(fd)
			}
		},
	}, {
		name:    "typing on a terminal",
		tries:   "TIOCSTI, TIOCLINUX and TIOCSETD, with high bits that the kernel does not look at (CVE-2019-10063)",
		defence: theFilter + " compares the low 32 bits",
		under:   closed,
		inside: func(p *prisoner) {
			master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0)
			p.worked("open /dev/ptmx", err)
			letter := byte('x')
			for _, request := range []uintptr{unix.TIOCSTI, 0x541c, unix.TIOCSETD} {
				for _, high := range []uintptr{0, 1 << 32, 1 << 63} {
					p.refused("ioctl", call(unix.SYS_IOCTL, uintptr(master), request|high, uintptr(unsafe.Pointer(&letter))), unix.EPERM)
				}
			}
		},
	}, {
		name:    "modes with set-user-id bits",
		tries:   "chmod, open, creat, mknod, mq_open and openat2 with modes 4755 and 2755, with high bits",
		defence: theFilter + "; openat2, whose mode it cannot see, answers ENOSYS",
		under:   closed,
		inside:  setIDModes,
	}, {
		name:    "personality",
		tries:   "memory that is all executable, addresses from 0 on, other systems",
		defence: theFilter,
		under:   closed,
		inside: func(p *prisoner) {
			for _, bits := range []uintptr{0x400000, 0x100000, 0x800000, 0x440000, 1, 6, 1<<32 | 0x400000} {
				p.refused("personality", call(unix.SYS_PERSONALITY, bits), unix.EPERM)
			}
			p.worked("query", call(unix.SYS_PERSONALITY, 0xffffffff))
			p.worked("ADDR_NO_RANDOMIZE", call(unix.SYS_PERSONALITY, 0x40000))
		},
	}, {
		name:    "the filter itself",
		tries:   "take it off, put a laxer one in front of it, be without it after an exec, trace a child without its filter",
		defence: "the kernel: filters are only added, and suspended for CAP_SYS_ADMIN outside alone",
		under:   closed,
		ours:    "it has no filter of its own; its caller may bring one",
		inside:  aroundFilter,
	},
}

// each tries calls by name, with arguments that are all 0; those that this machine
// does not have are passed over.
func (p *prisoner) each(want error, names ...string) {
	for _, name := range names {
		if nr, ok := seccomp.Number(seccomp.Native, name); ok {
			p.refused(name, call(uintptr(nr)), want)
		}
	}
}

func foreignCalls(p *prisoner) {
	if len(p.args) == 1 {
		p.tried++
		call(1<<30 | 39) // getpid
		return
	}
	programs := map[string][]byte{"32-bit": testhost.Foreign(), "int 0x80": testhost.Int80()}
	for name, program := range programs {
		if program == nil {
			continue
		}
		p.worked("write a program", os.WriteFile("/tmp/program", program, 0o755))
		p.killed(name, exec.Command("/tmp/program"))
		os.Remove("/tmp/program")
	}
	if runtime.GOARCH == "amd64" {
		cmd := exec.Command("/attack", "x32")
		cmd.Env = []string{roleVariable + "=inside " + p.policy + " calls of other architectures"}
		p.killed("x32", cmd)
	}
}

// killed runs a program that has to be ended by SIGSYS, or that this kernel has no
// interface for.
func (p *prisoner) killed(what string, cmd *exec.Cmd) {
	p.tried++
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		if ws := exit.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != unix.SIGSYS {
			p.bad("%s: ended with %v", what, err)
		}
	case err == nil:
		p.bad("%s: worked", what)
	case !errors.Is(err, unix.ENOEXEC):
		p.bad("%s: %v", what, err)
	}
}

func setIDModes(p *prisoner) {
	p.worked("make a file", os.WriteFile("/tmp/file", nil, 0o755))
	fd, err := unix.Open("/tmp/file", unix.O_RDWR, 0)
	p.worked("open it", err)
	name, _ := unix.BytePtrFromString("/tmp/file")
	fresh, _ := unix.BytePtrFromString("/tmp/new")
	path, made := uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(fresh))
	const cwd = ^uintptr(99) // AT_FDCWD
	for _, mode := range []uintptr{0o4755, 0o2755, 0o6755, 0o4000, 1<<32 | 0o4755, 1<<16 | 0o4755} {
		for _, x := range []struct {
			name string
			args []uintptr
		}{
			{"chmod", []uintptr{path, mode}}, {"fchmod", []uintptr{uintptr(fd), mode}},
			{"fchmodat", []uintptr{cwd, path, mode}}, {"fchmodat2", []uintptr{cwd, path, mode, 0}},
			{"creat", []uintptr{made, mode}}, {"open", []uintptr{made, unix.O_CREAT | unix.O_WRONLY, mode}},
			{"openat", []uintptr{cwd, made, unix.O_CREAT | unix.O_WRONLY, mode}}, {"openat", []uintptr{cwd, made, 1<<32 | unix.O_CREAT, mode}},
			{"openat", []uintptr{cwd, uintptr(unsafe.Pointer(&[]byte("/tmp\x00")[0])), unix.O_TMPFILE | unix.O_WRONLY, mode}},
			{"mknod", []uintptr{made, unix.S_IFREG | mode}}, {"mknodat", []uintptr{cwd, made, unix.S_IFREG | mode}},
			{"mq_open", []uintptr{made, unix.O_CREAT, mode}},
		} {
			if nr, ok := seccomp.Number(seccomp.Native, x.name); ok {
				p.refused(x.name, call(uintptr(nr), x.args...), unix.EPERM)
			}
		}
		_, err := unix.Openat2(unix.AT_FDCWD, "/tmp/new", &unix.OpenHow{Flags: unix.O_CREAT | unix.O_WRONLY, Mode: uint64(mode & 0o7777)})
		p.refused("openat2", err, unix.ENOSYS)
	}
	p.worked("chmod 1755", unix.Chmod("/tmp/file", 0o1755))
	var st unix.Stat_t
	p.worked("stat", unix.Stat("/tmp/file", &st))
	if st.Mode&0o6000 != 0 || exists("/tmp/new") {
		p.bad("a file has the mode %o, or was made", st.Mode)
	}
	runtime.KeepAlive(name)
	runtime.KeepAlive(fresh)
}

func aroundFilter(p *prisoner) {
	if len(p.args) == 1 {
		p.refused("mount after an exec", call(unix.SYS_MOUNT), unix.EPERM)
		return
	}
	open, err := (&seccomp.Policy{
		Default: seccomp.Action{Kind: seccomp.Allow}, Unknown: seccomp.Action{Kind: seccomp.Allow}, Foreign: seccomp.Action{Kind: seccomp.Allow},
	}).Compile()
	p.worked("compile", err)
	fprog := unix.SockFprog{Len: uint16(len(open)), Filter: &open[0]}
	p.worked("load a filter that allows all", call(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&fprog))))
	p.refused("mount", call(unix.SYS_MOUNT), unix.EPERM)
	p.refused("no filter", unix.Prctl(unix.PR_SET_SECCOMP, 0, 0, 0, 0), unix.EINVAL)
	p.refused("new privileges", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), unix.EINVAL)
	cmd := exec.Command("/attack", "again")
	cmd.Env = []string{roleVariable + "=inside " + p.policy + " the filter itself"}
	p.worked("the part after an exec", cmd.Run())
	p.refused("suspend the filter of a child", suspendFilter(), unix.EPERM, unix.EINVAL)
}

// suspendFilter asks to trace a child without its filter.
func suspendFilter() error {
	cmd := exec.Command("/attack")
	cmd.Env = []string{roleVariable + "=whoami"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var ws unix.WaitStatus
	if _, err := unix.Wait4(cmd.Process.Pid, &ws, 0, nil); err != nil {
		return err
	}
	return unix.PtraceSetOptions(cmd.Process.Pid, unix.PTRACE_O_SUSPEND_SECCOMP)
}
