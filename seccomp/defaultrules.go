package seccomp

import (
	"golang.org/x/sys/unix"
)

// newNamespace are the flags of clone(2) that make a namespace. CLONE_NEWTIME is not
// one of clone's: there the bit is part of the signal.
const newNamespace = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// unsharable are the flags of unshare(2) that make nothing new.
const unsharable = unix.CLONE_FILES | unix.CLONE_FS | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD | unix.CLONE_VM

// makes are the flags of open(2) by which its mode counts. Of O_TMPFILE the bit that is
// not O_DIRECTORY.
const makes = unix.O_CREAT | 0x400000

// setID are the bits in a mode that a program is started with another id by.
const setID = unix.S_ISUID | unix.S_ISGID

// harmless are the bits of personality(2) that may be set: a 32-bit machine's name, an
// old version's number, and, for debuggers, addresses that are not random.
const harmless = 0x8 | 0x20000 | 0x40000 // PER_LINUX32, UNAME26, ADDR_NO_RANDOMIZE

// defaultRules are all rules of the default filter.
//
// What needs a capability outside of the sandbox fails anyway. It is here for what lies
// on the way to that check: code of the kernel that nobody needs to reach.
func defaultRules() []Rule {
	denied := Fails(unix.EPERM)
	missing := Fails(unix.ENOSYS) // callers do without
	noFamily := Fails(unix.EAFNOSUPPORT)
	set := func(arg int, bits uint64) Condition { return Condition{Arg: arg, Mask: bits, Op: NotEqual} }
	is := func(arg int, value uint64) Condition { return Condition{Arg: arg, Op: Equal, Value: value} }
	isNot := func(arg int, value uint64) Condition { return Condition{Arg: arg, Op: NotEqual, Value: value} }
	kindNot := func(kind uint64) Condition { return Condition{Arg: 1, Mask: sockType, Op: NotEqual, Value: kind} }
	calls := func(names ...string) []string { return names }
	when := func(c ...Condition) []Condition { return c }
	return []Rule{
		// Namespaces and mounts. statmount and listmount stay: they tell what
		// /proc/self/mountinfo does, and nothing of other namespaces.
		{missing, calls("clone3"), nil, "clone3", ""},
		{denied, calls("clone"), when(set(0, newNamespace)), "namespaces", ""},
		{denied, calls("unshare"), when(set(0, ^uint64(unsharable)&0xffffffff)), "namespaces", ""},
		{denied, calls("setns", "listns"), nil, "namespaces", ""},
		{denied, calls("mount", "umount", "umount2", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig", "fsmount",
			"fspick", "mount_setattr", "pivot_root"), nil, "mount", ""},
		{denied, calls("chroot"), nil, "chroot", ""},
		{denied, calls("name_to_handle_at", "open_by_handle_at"), nil, "handles", ""},

		// Parts of the kernel with many ways to go wrong.
		{denied, calls("bpf"), nil, "bpf", ""},
		{denied, calls("perf_event_open"), nil, "perf", ""},
		{denied, calls("userfaultfd"), nil, "userfaultfd", ""},
		{denied, calls("@io-uring"), nil, "io_uring", ""},
		{denied, calls("@keyring"), nil, "keyring", ""},

		// Sockets. What socketcall(2) makes cannot be seen: its arguments are in memory.
		// SOCK_PACKET makes a packet socket of the family inet.
		{noFamily, calls("socket", "socketpair"), when(
			isNot(0, unix.AF_UNIX), isNot(0, unix.AF_INET), isNot(0, unix.AF_INET6), isNot(0, unix.AF_NETLINK), isNot(0, unix.AF_PACKET)), "sockets", ""},
		{noFamily, calls("socket", "socketpair"), when(is(0, unix.AF_PACKET)), "packet", ""},
		{noFamily, calls("socket", "socketpair"), when(is(0, unix.AF_NETLINK), isNot(2, unix.NETLINK_ROUTE)), "packet", ""},
		{noFamily, calls("socket", "socketpair"), when(is(0, unix.AF_INET), Condition{Arg: 1, Mask: sockType, Op: Equal, Value: unix.SOCK_PACKET}), "packet", ""},
		// Of inet and inet6 what is not raw, for which it takes a capability: TCP, UDP, ping(8),
		// multipath TCP. Of others (SCTP, DCCP, L2TP, SMC) the kernel would load modules.
		{Fails(unix.EPROTONOSUPPORT), calls("socket", "socketpair"), when(
			isNot(0, unix.AF_UNIX), isNot(0, unix.AF_NETLINK), isNot(0, unix.AF_PACKET), kindNot(unix.SOCK_RAW), kindNot(unix.SOCK_PACKET),
			isNot(2, 0), isNot(2, unix.IPPROTO_TCP), isNot(2, unix.IPPROTO_UDP), isNot(2, unix.IPPROTO_ICMP), isNot(2, unix.IPPROTO_ICMPV6),
			isNot(2, unix.IPPROTO_MPTCP)), "sockets", ""},
		{denied, calls("socketcall"), when(is(0, sysSocket)), "sockets", ""},
		{denied, calls("socketcall"), when(is(0, sysSocketpair)), "sockets", ""},

		// The kernel takes requests of ioctl(2) as 32 bits.
		{denied, calls("ioctl"), when(is(1, unix.TIOCSTI)), "terminal", ""},
		{denied, calls("ioctl"), when(is(1, tiocLinux)), "terminal", ""},
		// It loads modules, and a terminal that is the caller's is of no use to it afterwards.
		{denied, calls("ioctl"), when(is(1, tiocSetLine)), "terminal", ""},

		{denied, calls("personality"), when(set(0, ^uint64(harmless)&0xffffffff), isNot(0, 0xffffffff)), "personality", ""},
		// It makes segments of 16 and 32 bits.
		{denied, calls("modify_ldt"), nil, "i386", ""},

		// Files whose mode gives whoever executes them another id.
		{missing, calls("openat2"), nil, "openat2", ""},
		{denied, calls("chmod", "fchmod"), when(set(1, setID)), "setuid", ""},
		{denied, calls("fchmodat", "fchmodat2"), when(set(2, setID)), "setuid", ""},
		{denied, calls("creat"), when(set(1, setID)), "setuid", ""},
		{denied, calls("open"), when(set(1, makes), set(2, setID)), "setuid", ""},
		{denied, calls("openat"), when(set(2, makes), set(3, setID)), "setuid", ""},
		{denied, calls("mknod"), when(set(1, setID)), "setuid", ""},
		{denied, calls("mknodat"), when(set(2, setID)), "setuid", ""},
		{denied, calls("mq_open"), when(set(1, makes), set(2, setID)), "setuid", ""},

		// The machine.
		{denied, calls("@module", "@reboot", "@swap", "@raw-io", "acct", "quotactl", "quotactl_fd", "syslog", "vhangup"), nil, "system", ""},
		{denied, calls("_sysctl", "lookup_dcookie", "nfsservctl", "uselib", "vm86", "vm86old"), nil, "obsolete", ""},
	}
}

const (
	sysSocket     = 1      // SYS_SOCKET and
	sysSocketpair = 8      // SYS_SOCKETPAIR of socketcall(2), <linux/net.h>
	sockType      = 0xf    // SOCK_TYPE_MASK
	tiocLinux     = 0x541c // TIOCLINUX, ioctl_console(2)
	tiocSetLine   = 0x5423 // TIOCSETD, the line discipline, ioctl_tty(2)
)
