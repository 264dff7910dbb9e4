package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

var processes = []attack{
	{
		name:    "trace the caller's processes",
		tries:   "ptrace(2), process_vm_readv(2), pidfd_open(2), kill(2) and /proc on the number of a process of the caller",
		defence: "a PID namespace, in which others have no number",
		inside: func(p *prisoner) {
			if !p.contained() {
				return
			}
			gone := []error{unix.ESRCH, unix.EPERM, unix.EACCES, unix.ENOENT, unix.EINVAL}
			for _, text := range p.args {
				pid, _ := strconv.Atoi(text)
				if ownThread(pid) {
					continue
				}
				p.refused("PTRACE_SEIZE", call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0), gone...)
				var b [8]byte
				_, err := unix.ProcessVMReadv(pid, []unix.Iovec{{Base: &b[0], Len: 8}}, []unix.RemoteIovec{{Base: 0x400000, Len: 8}}, 0)
				p.refused("process_vm_readv", err, gone...)
				_, err = unix.PidfdOpen(pid, 0)
				p.refused("pidfd_open", err, gone...)
				p.refused("kill", unix.Kill(pid, 0), gone...)
				p.refused("open its memory", mayOpen("/proc/"+text+"/mem", unix.O_RDWR), gone...)
				_, err = unix.Getsid(pid)
				p.refused("getsid", err, gone...)
				p.refused("prlimit", unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &unix.Rlimit{}), gone...)
			}
		},
		outside: func(s *scene) {
			canary := s.canary(nil)
			s.say = []string{itoa(canary.Process.Pid), itoa(os.Getpid()), itoa(os.Getppid())}
			s.launch()
			s.alive(canary)
		},
	}, {
		name:    "signal the caller by a pidfd from a socket",
		tries:   "connect to a socket of the caller in the project, take the pidfd of the peer (SO_PEERPIDFD), and signal, trace and copy from it",
		defence: "the kernel refuses a pidfd of a process outside of the PID namespace",
		inside:  signalPeer,
		outside: func(s *scene) {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			s.must(err)
			defer unix.Close(fd)
			dir, err := os.Open(s.dir)
			s.must(err)
			defer dir.Close()
			// The path itself may be too long for a socket.
			s.must(unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d/socket", dir.Fd())}))
			s.must(os.Chmod(s.path("socket"), 0o777))
			s.must(unix.Listen(fd, 1))
			s.launch()
		},
	}, {
		name:    "root and working directory of every process",
		tries:   "reach another tree through /proc/PID/root, cwd, fd, map_files of any process",
		defence: "only the sandbox's own processes are there; PID 1 is not dumpable",
		inside: func(p *prisoner) {
			var own unix.Stat_t
			p.worked("stat /", unix.Stat("/", &own))
			for _, pattern := range []string{"/proc/[0-9]*/root", "/proc/[0-9]*/task/*/root", "/proc/[0-9]*/cwd/../../../../../../../.."} {
				names, _ := filepath.Glob(pattern)
				for _, name := range names {
					p.tried++
					var st unix.Stat_t
					if err := unix.Stat(name, &st); err == nil && (st.Dev != own.Dev || st.Ino != own.Ino) {
						p.bad("%s is another root", name)
					}
				}
			}
			names, _ := filepath.Glob("/proc/[0-9]*/fd/*")
			for _, name := range names {
				if to, err := os.Readlink(name); err == nil && strings.Contains(to, "secret") {
					p.bad("%s is %s", name, to)
				}
			}
		},
	}, {
		name:    "the same confinement for all",
		tries:   "find a process in the sandbox that has more capabilities, a filter less, or may gain privileges",
		defence: "what enters is forked by PID 1, after that has given up what the command has",
		inside: func(p *prisoner) {
			names, _ := filepath.Glob("/proc/[0-9]*")
			for _, field := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"} {
				own := status("self", field)
				for _, name := range names {
					pid := filepath.Base(name)
					if got := status(pid, field); pid != "1" && got != own && got != "" {
						p.bad("%s of process %s is %s, own %s", field, pid, got, own)
					}
				}
				p.tried++
			}
			if status("self", "NoNewPrivs") != "1" {
				p.bad("privileges may be gained")
			}
		},
	},
}

func signalPeer(p *prisoner) {
	if !p.contained() {
		return
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	p.worked("socket", err)
	p.worked("connect", unix.Connect(fd, &unix.SockaddrUnix{Name: "socket"}))
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	p.worked("SO_PEERCRED", err)
	if err == nil && peer.Pid != 0 {
		p.bad("the caller has the number %d", peer.Pid)
	}
	pidfd, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	if err != nil {
		p.refused("SO_PEERPIDFD", err, unix.ENOPROTOOPT, unix.EINVAL, unix.ESRCH, unix.ENODATA)
		return
	}
	outside := []error{unix.EINVAL, unix.EPERM, unix.ESRCH, unix.EACCES}
	p.refused("signal", unix.PidfdSendSignal(pidfd, 0, nil, 0), outside...)
	for n := range 4 {
		_, err := unix.PidfdGetfd(pidfd, n, 0)
		p.refused("pidfd_getfd", err, outside...)
	}
	for number := uintptr(1); number <= 10; number++ { // PIDFD_GET_*_NAMESPACE
		p.refused(fmt.Sprint("namespace ioctl ", number), call(unix.SYS_IOCTL, uintptr(pidfd), 0xff00|number, 0),
			append(outside, unix.ENOTTY, unix.EOPNOTSUPP)...)
	}
	p.refused("setns", unix.Setns(pidfd, unix.CLONE_NEWNET), outside...)
	p.refused("setns to all", unix.Setns(pidfd, unix.CLONE_NEWUSER|unix.CLONE_NEWNS), outside...)
}
