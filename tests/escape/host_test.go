package escape

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	nothingLikeIt = "it makes no sandbox without namespaces"
	ownDomain     = "Landlock: the command is in a domain of its own"
	hostFilter    = "the filter of system calls that a sandbox without namespaces has"
)

// hosts are attacks on a sandbox without namespaces: what the namespaces would have stopped.
// The last ones are those that succeed, as documented.
var hosts = hostAttacks([]attack{
	{
		name:    "no namespaces: files of the caller",
		tries:   "read, list, change, make, remove, link, execute what is beside the project, in the home folder, /tmp, /dev/shm, /run, /sys",
		defence: ownDomain,
		inside:  hostFiles,
		outside: func(s *scene) {
			s.write(filepath.Join(s.secret, "mine"), "mine")
			s.must(os.Chmod(filepath.Join(s.secret, "mine"), 0o777))
			s.say = []string{s.secret, os.Getenv("HOME")}
			before := snapshot(s.T, s.secret)
			s.launch()
			same(s.T, before, snapshot(s.T, s.secret))
		},
	}, {
		name:    "no namespaces: processes of the caller",
		tries:   "signal them by number, group, thread and pidfd, and with kill(-1); trace them; read memory, environment, descriptors",
		defence: ownDomain + ", which no signal leaves",
		inside:  hostProcesses,
		outside: func(s *scene) {
			canary := s.canary(nil)
			s.say = []string{itoa(canary.Process.Pid), itoa(os.Getpid())}
			s.launch()
			s.alive(canary)
		},
	}, {
		name:    "no namespaces: limits and priorities of the caller's processes",
		tries:   "prlimit(2), setpriority(2), ioprio_set(2), sched_setaffinity(2) and kin, by number and for all processes of the user",
		defence: hostFilter,
		inside: func(p *prisoner) {
			pid := p.number(0)
			limit := unix.Rlimit{Cur: 1, Max: 1}
			p.refused("prlimit", unix.Prlimit(pid, unix.RLIMIT_CPU, &limit, nil))
			p.refused("setpriority", unix.Setpriority(unix.PRIO_PROCESS, pid, 19))
			p.refused("setpriority of the user", unix.Setpriority(unix.PRIO_USER, 0, 19))
			p.refused("setpriority of a group", unix.Setpriority(unix.PRIO_PGRP, pid, 19))
			const whoProcess, whoUser, idle = 1, 3, 3 << 13
			p.refused("ioprio_set", call(unix.SYS_IOPRIO_SET, whoProcess, uintptr(pid), idle))
			p.refused("ioprio_set of the user", call(unix.SYS_IOPRIO_SET, whoUser, uintptr(unix.Getuid()), idle))
			var set unix.CPUSet
			set.Set(0)
			p.refused("sched_setaffinity", unix.SchedSetaffinity(pid, &set))
			var param [8]byte
			const schedIdle = 5
			p.refused("sched_setscheduler", call(unix.SYS_SCHED_SETSCHEDULER, uintptr(pid), schedIdle, uintptr(unsafe.Pointer(&param[0]))))
			p.refused("oom_score_adj", mayOpen(fmt.Sprintf("/proc/%d/oom_score_adj", pid), unix.O_WRONLY))
			p.worked("the same of itself", unix.Setpriority(unix.PRIO_PROCESS, 0, 19))
		},
		outside: func(s *scene) {
			canary := s.canary(nil)
			read := func() string {
				nice, _ := unix.Getpriority(unix.PRIO_PROCESS, canary.Process.Pid)
				var limit unix.Rlimit
				unix.Prlimit(canary.Process.Pid, unix.RLIMIT_CPU, nil, &limit)
				return fmt.Sprint(nice, limit, status(itoa(canary.Process.Pid), "Cpus_allowed"))
			}
			before := read()
			s.say = []string{itoa(canary.Process.Pid)}
			s.launch()
			if after := read(); before != after {
				s.Errorf("they were %s, are %s", before, after)
			}
		},
	}, {
		name:    "no namespaces: the processes of usandbox",
		tries:   "signal and trace the one that reaps, and the guard",
		defence: "they are in a domain around the command's",
		inside: func(p *prisoner) {
			outer := unix.Getppid()
			p.refused("signal the parent", unix.Kill(outer, unix.SIGKILL))
			p.refused("trace the parent", unix.PtraceAttach(outer))
			dir := fmt.Sprintf("/proc/%d/", outer)
			for _, name := range []string{"environ", "mem", "maps", "fd/0"} {
				p.refused("read "+name, mayRead(dir+name))
			}
			kin, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", outer))
			for _, name := range kin {
				text, _ := os.ReadFile(name)
				for _, child := range strings.Fields(string(text)) {
					if child != itoa(unix.Getpid()) {
						var pid int
						fmt.Sscan(child, &pid)
						p.refused("signal the guard", unix.Kill(pid, unix.SIGKILL))
						p.refused("trace the guard", unix.PtraceAttach(pid))
					}
				}
			}
			p.refused("the process group", unix.Kill(-outer, unix.SIGKILL), unix.EPERM, unix.ESRCH)
		},
	}, {
		name:    "no namespaces: run on after the end",
		tries:   "double fork, setsid, ignore every signal, hold the output and a lock",
		defence: "kill(-1) in a domain that no signal leaves",
		inside:  signalAttack("run on after the end").inside,
		outside: signalAttack("run on after the end").outside,
	}, {
		name:    "no namespaces: the network",
		tries:   "sockets of every family, datagram pairs that send to a path, unix sockets with a path and abstract ones, io_uring",
		defence: hostFilter + ", and Landlock's TCP ports",
		inside:  hostSockets,
		outside: func(s *scene) {
			path := filepath.Join(s.dir, "socket")
			c, err := net.ListenPacket("unixgram", path)
			s.must(err)
			defer c.Close()
			s.must(os.Chmod(path, 0o777))
			s.say = []string{path}
			s.launch()
			c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			if n, _, _ := c.ReadFrom(make([]byte, 16)); n > 0 {
				s.Errorf("a message has come")
			}
		},
	}, {
		name:    "no namespaces: System V IPC and message queues",
		tries:   "find and make shared memory, semaphores and message queues",
		defence: hostFilter,
		inside: func(p *prisoner) {
			p.refused("shmget", call(unix.SYS_SHMGET, uintptr(p.number(0)), 4096, 0))
			p.refused("shmat", call(unix.SYS_SHMAT, uintptr(p.number(1)), 0, 0))
			p.refused("shmctl", call(unix.SYS_SHMCTL, uintptr(p.number(1)), unix.IPC_STAT, 0))
			p.refused("semget", call(unix.SYS_SEMGET, 1, 1, unix.IPC_CREAT|0o600))
			p.refused("msgget", call(unix.SYS_MSGGET, 1, unix.IPC_CREAT|0o600))
			name := []byte("usandbox-escape\x00")
			p.refused("mq_open", call(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&name[0])), unix.O_RDWR|unix.O_CREAT, 0o600, 0))
			p.refused("mq_unlink", call(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(&name[0]))))
		},
		outside: func(s *scene) {
			key := 0x75736300 + os.Getpid()&0xff
			memory, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o666)
			s.must(err)
			defer unix.SysvShmCtl(memory, unix.IPC_RMID, nil)
			s.say = []string{itoa(key), itoa(memory)}
			s.launch()
		},
	}, {
		name:    "no namespaces: settings of the kernel",
		tries:   "open files in /proc/sys and /sys for writing, mount, make namespaces",
		defence: ownDomain + "; the filter",
		inside: func(p *prisoner) {
			for _, name := range []string{"/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/proc/self/oom_score_adj", "/sys/kernel/mm/ksm/run"} {
				p.refused("write "+name, mayOpen(name, unix.O_WRONLY), unix.EACCES, unix.EPERM, unix.ENOENT)
			}
			p.refused("mount", unix.Mount("none", ".", "tmpfs", 0, ""))
			p.refused("unshare", unix.Unshare(unix.CLONE_NEWUSER))
			p.refused("chroot", unix.Chroot("."))
			if got := status("self", "NoNewPrivs"); got != "1" {
				p.bad("no_new_privs is %s", got)
			}
			for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
				if got := status("self", set); strings.Trim(got, "0") != "" {
					p.bad("%s is %s", set, got)
				}
			}
		},
	}, {
		name:    "no namespaces: what is left behind",
		tries:   "fill the private folder, with modes that keep others out of it",
		defence: "it is removed whatever is in it",
		inside: func(p *prisoner) {
			home := os.Getenv("HOME")
			p.worked("make a folder", os.MkdirAll(home+"/a/b/c", 0o700))
			p.worked("make a file", os.WriteFile(home+"/a/b/file", nil, 0o000))
			p.worked("make a symlink", os.Symlink("/etc", home+"/a/etc"))
			p.worked("shut it", os.Chmod(home+"/a", 0))
			p.worked("shut the home folder", os.Chmod(home, 0))
		},
		outside: func(s *scene) {
			// The variables are the policy's, which launch would not set.
			private := s.cmd.Policy.NoNamespaces.Private
			s.say = nil
			for _, kv := range s.cmd.Policy.NoNamespaces.Variables() {
				name, value, _ := strings.Cut(kv, "=")
				s.Setenv(name, value)
			}
			s.launch()
			if _, err := os.Lstat(private); !os.IsNotExist(err) {
				s.Errorf("%s is still there: %v", private, err)
			}
		},
	}, {
		name:    "no namespaces: modes and times of files",
		tries:   "change mode and times of a file of the caller, look at it, watch it",
		defence: "none: Landlock knows nothing of them",
		gives:   map[string]string{host: "it is told before the command runs (metadata)"},
		inside: func(p *prisoner) {
			p.worked("change the mode", unix.Chmod(p.args[0], 0o644))
			p.worked("change the times", unix.UtimesNanoAt(unix.AT_FDCWD, p.args[0], []unix.Timespec{{Sec: 1}, {Sec: 1}}, 0))
			_, err := os.Lstat(p.args[0])
			p.worked("look at it", err)
			if mayRead("/proc/1/cmdline") != nil {
				p.bad("arguments of others are not seen any more: the documentation is wrong")
			}
		},
		outside: func(s *scene) {
			name := filepath.Join(s.secret, "mine")
			s.write(name, "mine")
			s.say = []string{name}
			s.launch()
		},
	}, {
		name:    "no namespaces: git hooks and settings",
		tries:   "write .git/hooks and .git/config of the project",
		defence: "none: what is below a writable folder is writable to Landlock",
		gives:   map[string]string{host: "it is told before the command runs (git)"},
		inside: func(p *prisoner) {
			p.worked("write a hook", os.WriteFile(".git/hooks/pre-commit", []byte("#!/bin/sh\n"), 0o755))
			p.worked("write the settings", os.WriteFile(".git/config", nil, 0o644))
		},
		outside: func(s *scene) {
			s.mkdir(s.path(".git", "hooks"))
			s.launch()
		},
	},
})

// hostAttacks are attacks under the policy without namespaces alone.
func hostAttacks(list []attack) []attack {
	for i := range list {
		list[i].under, list[i].ours = []string{host}, nothingLikeIt
		outside := list[i].outside
		list[i].outside = func(s *scene) {
			s.needLandlock()
			if outside != nil {
				outside(s)
			} else {
				s.launch()
			}
		}
	}
	return list
}

// signalAttack is one of those on signals.
func signalAttack(name string) attack {
	for _, a := range signals {
		if a.name == name {
			return a
		}
	}
	panic("BUG: no attack " + name)
}

// number is an argument.
func (p *prisoner) number(i int) (n int) {
	fmt.Sscan(p.args[i], &n)
	return n
}

func hostFiles(p *prisoner) {
	for _, dir := range append(p.args, "/", "/tmp", "/dev/shm", "/run", "/sys", "/root", "/home", "..") {
		p.refused("list "+dir, mayOpen(dir, unix.O_RDONLY|unix.O_DIRECTORY), unix.EACCES, unix.ENOENT)
		p.refused("make a file in "+dir, mayOpen(dir+"/usandbox-escape", unix.O_WRONLY|unix.O_CREAT), unix.EACCES, unix.ENOENT, unix.EROFS)
		p.refused("make a folder in "+dir, os.Mkdir(dir+"/usandbox-escape.d", 0o755), unix.EACCES, unix.ENOENT, unix.EROFS, unix.EPERM)
	}
	mine := p.args[0] + "/mine"
	for _, name := range []string{mine, "../secret/mine", "/proc/self/root" + mine, "/proc/self/cwd/../secret/mine"} {
		p.refused("read "+name, mayOpen(name, unix.O_RDONLY))
		p.refused("write "+name, mayOpen(name, unix.O_WRONLY))
		p.refused("empty "+name, unix.Truncate(name, 0))
	}
	p.refused("remove", unix.Unlink(mine))
	p.refused("rename", unix.Rename(mine, mine+"2"))
	p.refused("steal by rename", unix.Rename(mine, "stolen"), unix.EACCES, unix.EXDEV)
	p.refused("steal by link", unix.Link(mine, "stolen"), unix.EACCES, unix.EXDEV)
	p.refused("exchange", unix.Renameat2(unix.AT_FDCWD, mine, unix.AT_FDCWD, "own", unix.RENAME_EXCHANGE), unix.EACCES, unix.EXDEV, unix.ENOENT)
	p.refused("execute", unix.Exec(mine, []string{mine}, nil))
	p.worked("a symlink to it", unix.Symlink(mine, "link"))
	p.refused("read by a symlink", mayOpen("link", unix.O_RDONLY))
	p.refused("write to the system", mayOpen("/etc/usandbox-escape", unix.O_WRONLY|unix.O_CREAT))
	p.refused("write to a program", mayOpen(os.Args[0], unix.O_WRONLY), unix.EACCES, unix.ETXTBSY)
	p.worked("write to the project", os.WriteFile("own", nil, 0o644))
}

func hostProcesses(p *prisoner) {
	canary, caller := p.number(0), p.number(1)
	for _, pid := range []int{canary, caller} {
		p.refused("kill 0", unix.Kill(pid, 0))
		if p.failed {
			return // no worse attempt, lest it hit somebody
		}
	}
	for _, pid := range []int{canary, caller, 1} {
		p.refused("kill", unix.Kill(pid, unix.SIGUSR1))
		p.refused("tgkill", unix.Tgkill(pid, pid, unix.SIGUSR1))
		fd, err := unix.PidfdOpen(pid, 0)
		p.worked("pidfd_open", err)
		p.refused("pidfd_send_signal", unix.PidfdSendSignal(fd, unix.SIGUSR1, nil, 0))
		_, err = unix.PidfdGetfd(fd, 0, 0)
		p.refused("pidfd_getfd", err)
		p.refused("ptrace", unix.PtraceAttach(pid))
		const seize = 0x4206
		p.refused("ptrace seize", call(unix.SYS_PTRACE, seize, uintptr(pid), 0, 0))
		var word [8]byte
		local := unix.Iovec{Base: &word[0], Len: 8}
		_, err = unix.ProcessVMReadv(pid, []unix.Iovec{local}, []unix.RemoteIovec{{Base: 0x400000, Len: 8}}, 0)
		p.refused("process_vm_readv", err)
		p.refused("kcmp", call(unix.SYS_KCMP, uintptr(pid), uintptr(unix.Getpid()), 0, 0, 0))
		dir := fmt.Sprintf("/proc/%d/", pid)
		for _, name := range []string{"environ", "mem", "maps", "auxv", "stack", "syscall", "io", "pagemap", "fd/0", "fd/1", "ns/net"} {
			p.refused("read "+dir+name, mayRead(dir+name), unix.EACCES, unix.EPERM, unix.ENOENT)
		}
		for _, name := range []string{"cwd", "root", "exe", "fd/0"} {
			_, err := os.Readlink(dir + name)
			p.refused("readlink "+dir+name, err, unix.EACCES, unix.EPERM, unix.ENOENT)
			p.refused("open "+dir+name, mayOpen(dir+name, unix.O_PATH), unix.EACCES, unix.EPERM, unix.ENOENT)
		}
		for _, name := range []string{"mem", "oom_score_adj", "comm", "clear_refs", "coredump_filter"} {
			p.refused("write "+dir+name, mayOpen(dir+name, unix.O_WRONLY))
		}
	}
	group, err := unix.Getpgid(canary)
	p.worked("getpgid", err)
	p.refused("kill the group", unix.Kill(-group, unix.SIGUSR1))
	unix.Kill(-1, unix.SIGUSR1) // which ends nobody outside; its own processes ignore or die of it
}

func hostSockets(p *prisoner) {
	for family := range 64 {
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET, unix.SOCK_STREAM | 1<<40} {
			_, err := unix.Socket(family, kind, 0)
			p.refused(fmt.Sprint("socket ", family), err, unix.EPERM, unix.EAFNOSUPPORT)
			if family != unix.AF_UNIX {
				_, err := unix.Socketpair(family, kind, 0)
				p.refused(fmt.Sprint("socketpair ", family), err, unix.EPERM, unix.EAFNOSUPPORT)
			}
		}
	}
	for _, kind := range []int{unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC} {
		_, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
		p.refused("a pair of datagram sockets", err)
	}
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		pair, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
		p.worked("a pair", err)
		if err == nil {
			address := &unix.SockaddrUnix{Name: p.args[0]}
			p.refused("connect one of a pair", unix.Connect(pair[0], address), unix.EISCONN, unix.EINVAL, unix.EPROTOTYPE)
			if err := unix.Sendto(pair[0], []byte("x"), unix.MSG_NOSIGNAL, address); err == nil { // the address is ignored
				n, err := unix.Read(pair[1], make([]byte, 8))
				p.worked("read it from the other", err)
				if n != 1 {
					p.bad("it went elsewhere")
				}
			}
		}
	}
	p.refused("io_uring_setup", call(unix.SYS_IO_URING_SETUP, 1, 0), unix.EPERM, unix.ENOSYS)
}
