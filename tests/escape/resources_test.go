package escape

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Limits that the caller has set hold inside. The numbers are small, and bounded should
// the defence be missing.
var resources = []attack{{
	name:    "more than the caller's limits",
	tries:   "raise the limits of files, memory, processes and file size, a small fork bomb, much memory, a large file",
	defence: "resource limits are inherited, and cannot be raised without a capability outside",
	under:   []string{build},
	ours:    "a command line of usandbox is started",
	inside: func(p *prisoner) {
		for name, resource := range map[string]int{"files": unix.RLIMIT_NOFILE, "file size": unix.RLIMIT_FSIZE, "memory": unix.RLIMIT_AS, "processes": unix.RLIMIT_NPROC, "locked memory": unix.RLIMIT_MEMLOCK} {
			var limit unix.Rlimit
			p.worked("getrlimit", unix.Getrlimit(resource, &limit))
			if limit.Max == unix.RLIM_INFINITY {
				continue
			}
			limit.Max++
			p.refused("raise the limit of "+name, unix.Setrlimit(resource, &limit))
		}
		if _, err := unix.Mmap(-1, 0, 32<<30, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE); !errors.Is(err, unix.ENOMEM) {
			p.bad("32 GiB of memory: %v", err)
		}
		f, err := os.Create("large")
		p.worked("create", err)
		signal.Ignore(unix.SIGXFSZ)
		_, err = f.WriteAt([]byte("x"), 2<<20)
		p.refused("a large file", err, unix.EFBIG)
		os.Remove("large")
		var children []*exec.Cmd
		for len(children) < 300 {
			c := exec.Command("/bin/sleep", "20")
			if err := c.Start(); err != nil {
				p.refused("fork", err, unix.EAGAIN)
				break
			}
			children = append(children, c)
		}
		if len(children) == 300 && !isRoot() { // the kernel never limits root's processes
			p.bad("there are 300 processes")
		}
		p.tried++
		// They are left behind.
	},
	outside: func(s *scene) {
		cmd := s.commandLine("limited")
		out, err := cmd.CombinedOutput()
		s.report(string(out), err)
	},
}}

func init() {
	roles["limited"] = func(args []string) {
		for resource, most := range map[int]uint64{
			unix.RLIMIT_NOFILE: 1024, unix.RLIMIT_FSIZE: 1 << 20, unix.RLIMIT_AS: 16 << 30, unix.RLIMIT_NPROC: ownThreads() + 100,
		} {
			limit := syscall.Rlimit{Cur: most, Max: most}
			if err := syscall.Setrlimit(resource, &limit); err != nil {
				fmt.Println("BUG: setrlimit:", err)
			}
		}
		execute(args)
	}
}

// ownThreads is how many threads this user has, which is what RLIMIT_NPROC counts.
func ownThreads() (n uint64) {
	names, _ := filepath.Glob("/proc/[0-9]*/task/[0-9]*")
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && int(info.Sys().(*syscall.Stat_t).Uid) == os.Getuid() {
			n++
		}
	}
	return n
}
