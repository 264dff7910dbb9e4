package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const untraceable = "PID 1 is not dumpable, and its memory belongs to the user namespace outside"

var procOne = []attack{
	{
		name:    "read PID 1",
		tries:   "open every file of /proc/1 that tells of its memory, environment, files and namespaces",
		defence: untraceable,
		inside:  readInit,
	}, {
		name:    "write PID 1",
		tries:   "change PID 1 through its files in /proc",
		defence: untraceable,
		inside:  writeInit,
	}, {
		name:    "trace PID 1",
		tries:   "ptrace(2), process_vm_readv(2), pidfd_getfd(2) and the like",
		defence: untraceable,
		inside:  traceInit,
	}, {
		name:    "stop PID 1",
		tries:   "signals to PID 1, SIGSTOP and SIGKILL too",
		defence: "the first process of a PID namespace ignores signals from inside",
		inside:  stopInit,
	}, {
		name:    "what PID 1 shows",
		tries:   "read arguments, name, capabilities and descriptors of PID 1",
		defence: "PID 1 has arguments of its own, no capability and no_new_privs",
		inside:  showInit,
	}, {
		name:    "overwrite the runtime",
		tries:   "open /proc/PID/exe of every process for writing",
		defence: "a sealed image that is not dumpable; no file of usandbox is in the sandbox",
		inside:  overwriteExe,
		outside: func(s *scene) {
			before := snapshot(s.T, program, usandbox)
			s.launch()
			same(s.T, before, snapshot(s.T, program, usandbox))
		},
	},
}

func readInit(p *prisoner) {
	for _, name := range []string{
		"environ", "mem", "maps", "smaps", "smaps_rollup", "numa_maps", "auxv", "pagemap", "io", "syscall", "stack",
		"personality", "root/etc", "cwd/", "exe", "fd/0", "fd/1", "fd/2", "fd/3", "map_files/400000-401000", "ns/user", "ns/mnt",
		"ns/pid", "ns/net", "ns/cgroup", "task/1/environ", "task/1/mem", "task/1/root/etc", "task/1/fd/0", "fdinfo/0",
	} {
		p.refused("read /proc/1/"+name, mayRead("/proc/1/"+name), unix.EACCES, unix.EPERM, unix.ENOENT)
	}
	for _, name := range []string{"cwd", "root", "exe", "fd/0", "ns/mnt", "ns/user"} {
		_, err := os.Readlink("/proc/1/" + name)
		p.refused("readlink /proc/1/"+name, err)
		p.refused("O_PATH /proc/1/"+name, mayOpen("/proc/1/"+name, unix.O_PATH))
	}
	p.refused("chdir /proc/1/cwd", os.Chdir("/proc/1/cwd"))
	p.refused("chdir /proc/1/root", os.Chdir("/proc/1/root"))
}

func writeInit(p *prisoner) {
	for _, name := range []string{"mem", "uid_map", "gid_map", "setgroups", "exe", "fd/0", "attr/current"} {
		fd, err := unix.Open("/proc/1/"+name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			_, err = unix.Write(fd, []byte("0 0 1\n"))
			unix.Close(fd)
		}
		p.refused("write /proc/1/"+name, err, unix.EPERM, unix.EACCES, unix.EINVAL, unix.ENOENT)
	}
	// Its mount namespace, memory and files are what matters; that it can be made the
	// first to be killed for want of memory is the sandbox's own loss.
	p.refused("unshare /proc/1/oom_score_adj", lowerOOM("/proc/1/oom_score_adj"))
}

// lowerOOM tries to shield a process from being killed for want of memory.
func lowerOOM(name string) error {
	fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte("-999"))
	return err
}

func traceInit(p *prisoner) {
	p.refused("PTRACE_SEIZE", call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, 1, 0, 0))
	if p.failed {
		return // it would stop with its tracer
	}
	p.refused("PTRACE_ATTACH", call(unix.SYS_PTRACE, unix.PTRACE_ATTACH, 1, 0, 0))
	var word [8]byte
	local := unix.Iovec{Base: &word[0], Len: 8}
	remote := unix.RemoteIovec{Base: 0x401000, Len: 8}
	_, err := unix.ProcessVMReadv(1, []unix.Iovec{local}, []unix.RemoteIovec{remote}, 0)
	p.refused("process_vm_readv", err)
	_, err = unix.ProcessVMWritev(1, []unix.Iovec{local}, []unix.RemoteIovec{remote}, 0)
	p.refused("process_vm_writev", err)
	pidfd, err := unix.PidfdOpen(1, 0)
	p.worked("pidfd_open", err)
	for fd := range 8 {
		_, err := unix.PidfdGetfd(pidfd, fd, 0)
		p.refused(fmt.Sprint("pidfd_getfd ", fd), err)
	}
	const kcmpFile, kcmpVM = 0, 1
	p.refused("kcmp", call(unix.SYS_KCMP, 1, uintptr(unix.Getpid()), kcmpFile, 0, 0))
	p.refused("kcmp of the memory", call(unix.SYS_KCMP, 1, uintptr(unix.Getpid()), kcmpVM, 0, 0))
	var head, size uintptr
	p.refused("get_robust_list", call(unix.SYS_GET_ROBUST_LIST, 1, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size))))
	p.refused("process_madvise", call(unix.SYS_PROCESS_MADVISE, uintptr(pidfd), uintptr(unsafe.Pointer(&remote)), 1, unix.MADV_COLD, 0),
		unix.EPERM, unix.EACCES)
	page, where := uintptr(0x401000), int32(0)
	p.refused("move_pages", call(unix.SYS_MOVE_PAGES, 1, 1, uintptr(unsafe.Pointer(&page)), 0, uintptr(unsafe.Pointer(&where)), 0),
		unix.EPERM, unix.EACCES, unix.ENOSYS)
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})), Config: unix.PERF_COUNT_SW_CPU_CLOCK}
	_, err = unix.PerfEventOpen(&attr, 1, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	p.refused("perf_event_open", err, unix.EACCES, unix.EPERM, unix.ENOENT, unix.ENOSYS)
	for number := uintptr(1); number <= 10; number++ { // PIDFD_GET_*_NAMESPACE
		p.refused(fmt.Sprint("namespace ioctl ", number), call(unix.SYS_IOCTL, uintptr(pidfd), 0xff00|number, 0),
			unix.EACCES, unix.EPERM, unix.ENOTTY, unix.EOPNOTSUPP)
	}
	for _, kind := range []int{unix.CLONE_NEWUSER, unix.CLONE_NEWNS, unix.CLONE_NEWPID, unix.CLONE_NEWNET, unix.CLONE_NEWCGROUP} {
		p.refused(fmt.Sprintf("setns %#x", kind), unix.Setns(pidfd, kind), unix.EPERM, unix.EACCES, unix.EINVAL)
	}
}

func stopInit(p *prisoner) {
	if !p.contained() {
		return
	}
	for sig := unix.Signal(1); sig <= 64; sig++ {
		unix.Kill(1, sig)
		unix.Tgkill(1, 1, sig)
	}
	pidfd, err := unix.PidfdOpen(1, 0)
	p.worked("pidfd_open", err)
	unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
	unix.PidfdSendSignal(pidfd, unix.SIGSTOP, nil, 0)
	if state := status("1", "State"); !strings.HasPrefix(state, "S") && !strings.HasPrefix(state, "R") {
		p.bad("PID 1 is %s", state)
	}
	p.tried++
}

func showInit(p *prisoner) {
	text, err := os.ReadFile("/proc/1/cmdline")
	if err != nil || string(text) != "usandbox\x00" {
		p.bad("/proc/1/cmdline is %q, %v", text, err)
	}
	for field, want := range map[string]string{
		"Name": "usandbox", "CapEff": none, "CapPrm": none, "CapInh": none, "CapAmb": none, "NoNewPrivs": "1",
	} {
		if field == "Name" && p.policy == bubblewrap {
			continue // it may have another
		}
		if got := status("1", field); got != want {
			p.bad("%s of PID 1 is %s, want %s", field, got, want)
		}
	}
	want := none
	if p.has() {
		want = everyCap() // the command is PID 1's child
	}
	if got := status("1", "CapBnd"); got != want {
		p.bad("CapBnd of PID 1 is %s, want %s", got, want)
	}
	// Its pipe, where they can be listed; the others it closes once the command runs. Who
	// takes requests has one more for those, and one for signals.
	most := 1
	if variantOf(p.policy).enters {
		most = 3
	}
	for try := 0; ; try++ {
		names, err := filepath.Glob("/proc/1/fd/*")
		if err == nil && len(names) <= most {
			break
		}
		if try == 200 {
			p.bad("PID 1 has the descriptors %q, %v", names, err)
			break
		}
		pause()
	}
	p.tried++
}

const none = "0000000000000000"

func overwriteExe(p *prisoner) {
	for range 20 {
		names, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, name := range append(names, "/proc/self/exe", "/attack") {
			for _, flags := range []int{unix.O_WRONLY, unix.O_RDWR, unix.O_WRONLY | unix.O_TRUNC} {
				p.refused("write "+name, mayOpen(name, flags), unix.EACCES, unix.EPERM, unix.EROFS, unix.ETXTBSY, unix.ENOENT)
			}
		}
	}
}
