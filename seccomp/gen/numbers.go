package main

import "maps"

// private is where the private calls of arm begin, as the tables pack them: 0xf0000 in
// the kernel.
const private = 0x7f00

// arm are its private calls, __ARM_NR_*.
var arm = numbers{
	"breakpoint": private + 1, "cacheflush": private + 2, "usr26": private + 3,
	"usr32": private + 4, "set_tls": private + 5, "get_tls": private + 6,
}

// own are the calls of x32 that have a number of their own there.
var own = []string{
	512: "rt_sigaction", "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg", "recvmsg",
	"execve", "ptrace", "rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "sigaltstack",
	"timer_create", "mq_notify", "kexec_load", "waitid", "set_robust_list", "get_robust_list",
	"vmsplice", "move_pages", "preadv", "pwritev", "rt_tgsigqueueinfo", "recvmmsg", "sendmmsg",
	"process_vm_readv", "process_vm_writev", "setsockopt", "getsockopt", "io_setup", "io_submit",
	"execveat", "preadv2", "pwritev2",
}

// only64 are the calls of amd64 that x32 does not have at all.
var only64 = []string{
	"uselib", "_sysctl", "create_module", "get_kernel_syms", "query_module", "nfsservctl",
	"set_thread_area", "get_thread_area", "epoll_ctl_old", "epoll_wait_old", "vserver",
	"uretprobe", "uprobe", "map_shadow_stack",
}

// x32 are the numbers of x32, without its bit: those of amd64 that are common to both,
// and its own.
func x32(amd64 numbers) numbers {
	n := maps.Clone(amd64)
	for _, name := range only64 {
		delete(n, name)
	}
	for nr, name := range own {
		if name != "" {
			n[name] = nr
		}
	}
	return n
}
