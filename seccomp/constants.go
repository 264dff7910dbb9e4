package seccomp

import "golang.org/x/sys/unix"

// constant is a value that has a name in a text. Only those are here that are the same
// on every architecture: O_DIRECTORY, say, is not.
type constant struct {
	name  string
	value uint64
}

// family is what an argument of a call holds.
type family uint8

const (
	noFamily family = iota
	cloneFlags
	addressFamily
	protocol
	netlink
	openFlags
	fileMode
	terminalRequest
	persona
	prctlOption
	ptraceRequest
	protection
	families
)

// flags reports whether values of the family are put together by |.
func (f family) flags() bool {
	return f == cloneFlags || f == openFlags || f == fileMode || f == protection
}

// constants are the family's constants, in the order in which they are printed.
func (f family) constants() []constant {
	switch f {
	case cloneFlags:
		return cloneConstants[:]
	case addressFamily:
		return addressConstants[:]
	case protocol:
		return protocolConstants[:]
	case netlink:
		return netlinkConstants[:]
	case openFlags:
		return openConstants[:]
	case fileMode:
		return modeConstants[:]
	case terminalRequest:
		return terminalConstants[:]
	case persona:
		return personaConstants[:]
	case prctlOption:
		return prctlConstants[:]
	case ptraceRequest:
		return ptraceConstants[:]
	case protection:
		return protectionConstants[:]
	}
	return nil
}

var cloneConstants = [...]constant{
	{"CLONE_NEWUSER", unix.CLONE_NEWUSER}, {"CLONE_NEWNS", unix.CLONE_NEWNS}, {"CLONE_NEWPID", unix.CLONE_NEWPID},
	{"CLONE_NEWNET", unix.CLONE_NEWNET}, {"CLONE_NEWIPC", unix.CLONE_NEWIPC}, {"CLONE_NEWUTS", unix.CLONE_NEWUTS},
	{"CLONE_NEWCGROUP", unix.CLONE_NEWCGROUP}, {"CLONE_NEWTIME", unix.CLONE_NEWTIME},
	{"CLONE_VM", unix.CLONE_VM}, {"CLONE_FS", unix.CLONE_FS}, {"CLONE_FILES", unix.CLONE_FILES},
	{"CLONE_SIGHAND", unix.CLONE_SIGHAND}, {"CLONE_PIDFD", unix.CLONE_PIDFD}, {"CLONE_PTRACE", unix.CLONE_PTRACE},
	{"CLONE_VFORK", unix.CLONE_VFORK}, {"CLONE_PARENT", unix.CLONE_PARENT}, {"CLONE_THREAD", unix.CLONE_THREAD},
	{"CLONE_SYSVSEM", unix.CLONE_SYSVSEM}, {"CLONE_SETTLS", unix.CLONE_SETTLS}, {"CLONE_UNTRACED", unix.CLONE_UNTRACED},
}

var addressConstants = [...]constant{
	{"AF_UNSPEC", unix.AF_UNSPEC}, {"AF_UNIX", unix.AF_UNIX}, {"AF_INET", unix.AF_INET}, {"AF_AX25", unix.AF_AX25},
	{"AF_IPX", unix.AF_IPX}, {"AF_APPLETALK", unix.AF_APPLETALK}, {"AF_NETROM", unix.AF_NETROM}, {"AF_X25", unix.AF_X25},
	{"AF_INET6", unix.AF_INET6}, {"AF_KEY", unix.AF_KEY}, {"AF_NETLINK", unix.AF_NETLINK}, {"AF_PACKET", unix.AF_PACKET},
	{"AF_RDS", unix.AF_RDS}, {"AF_PPPOX", unix.AF_PPPOX}, {"AF_CAN", unix.AF_CAN}, {"AF_TIPC", unix.AF_TIPC},
	{"AF_BLUETOOTH", unix.AF_BLUETOOTH}, {"AF_RXRPC", unix.AF_RXRPC}, {"AF_ALG", unix.AF_ALG}, {"AF_NFC", unix.AF_NFC},
	{"AF_VSOCK", unix.AF_VSOCK}, {"AF_KCM", unix.AF_KCM}, {"AF_QIPCRTR", unix.AF_QIPCRTR}, {"AF_SMC", unix.AF_SMC},
	{"AF_XDP", unix.AF_XDP}, {"AF_MCTP", unix.AF_MCTP}, {"AF_LOCAL", unix.AF_UNIX},
}

// protocolConstants are those that are no protocols of netlink(7) as well.
var protocolConstants = [...]constant{
	{"IPPROTO_MPTCP", unix.IPPROTO_MPTCP}, {"IPPROTO_SCTP", unix.IPPROTO_SCTP}, {"IPPROTO_DCCP", unix.IPPROTO_DCCP},
	{"IPPROTO_L2TP", unix.IPPROTO_L2TP}, {"IPPROTO_UDPLITE", unix.IPPROTO_UDPLITE},
}

var netlinkConstants = [...]constant{
	{"NETLINK_ROUTE", unix.NETLINK_ROUTE}, {"NETLINK_SOCK_DIAG", unix.NETLINK_SOCK_DIAG}, {"NETLINK_XFRM", unix.NETLINK_XFRM},
	{"NETLINK_AUDIT", unix.NETLINK_AUDIT}, {"NETLINK_NETFILTER", unix.NETLINK_NETFILTER},
	{"NETLINK_KOBJECT_UEVENT", unix.NETLINK_KOBJECT_UEVENT}, {"NETLINK_GENERIC", unix.NETLINK_GENERIC},
}

var openConstants = [...]constant{
	{"O_WRONLY", unix.O_WRONLY}, {"O_RDWR", unix.O_RDWR}, {"O_CREAT", unix.O_CREAT}, {"O_EXCL", unix.O_EXCL},
	{"O_NOCTTY", unix.O_NOCTTY}, {"O_TRUNC", unix.O_TRUNC}, {"O_APPEND", unix.O_APPEND}, {"O_NONBLOCK", unix.O_NONBLOCK},
	{"O_CLOEXEC", unix.O_CLOEXEC}, {"O_PATH", unix.O_PATH}, {"__O_TMPFILE", 0o20000000},
}

var modeConstants = [...]constant{
	{"S_ISUID", unix.S_ISUID}, {"S_ISGID", unix.S_ISGID}, {"S_ISVTX", unix.S_ISVTX},
}

var terminalConstants = [...]constant{
	{"TIOCSTI", 0x5412}, {"TIOCLINUX", 0x541c}, {"TIOCSCTTY", 0x540e}, {"TIOCCONS", 0x541d}, {"TIOCSETD", 0x5423},
	{"TIOCNOTTY", 0x5422}, {"TIOCGWINSZ", 0x5413}, {"TIOCSWINSZ", 0x5414}, {"TIOCSPGRP", 0x5410}, {"TCSETS", 0x5402},
}

var personaConstants = [...]constant{
	{"PER_LINUX", 0}, {"PER_LINUX32", 8}, {"UNAME26", 0x0020000}, {"ADDR_NO_RANDOMIZE", 0x0040000}, {"MMAP_PAGE_ZERO", 0x0100000},
	{"ADDR_COMPAT_LAYOUT", 0x0200000}, {"READ_IMPLIES_EXEC", 0x0400000}, {"ADDR_LIMIT_32BIT", 0x0800000},
}

var prctlConstants = [...]constant{
	{"PR_SET_PDEATHSIG", unix.PR_SET_PDEATHSIG}, {"PR_SET_DUMPABLE", unix.PR_SET_DUMPABLE}, {"PR_SET_KEEPCAPS", unix.PR_SET_KEEPCAPS},
	{"PR_SET_NAME", unix.PR_SET_NAME}, {"PR_SET_SECCOMP", unix.PR_SET_SECCOMP}, {"PR_CAPBSET_DROP", unix.PR_CAPBSET_DROP},
	{"PR_SET_SECUREBITS", unix.PR_SET_SECUREBITS}, {"PR_SET_MM", unix.PR_SET_MM}, {"PR_SET_CHILD_SUBREAPER", unix.PR_SET_CHILD_SUBREAPER},
	{"PR_SET_NO_NEW_PRIVS", unix.PR_SET_NO_NEW_PRIVS}, {"PR_CAP_AMBIENT", unix.PR_CAP_AMBIENT},
	{"PR_SET_SPECULATION_CTRL", unix.PR_SET_SPECULATION_CTRL}, {"PR_SET_MDWE", unix.PR_SET_MDWE}, {"PR_SET_PTRACER", unix.PR_SET_PTRACER},
}

var ptraceConstants = [...]constant{
	{"PTRACE_TRACEME", unix.PTRACE_TRACEME}, {"PTRACE_PEEKDATA", unix.PTRACE_PEEKDATA}, {"PTRACE_POKEDATA", unix.PTRACE_POKEDATA},
	{"PTRACE_CONT", unix.PTRACE_CONT}, {"PTRACE_ATTACH", unix.PTRACE_ATTACH}, {"PTRACE_DETACH", unix.PTRACE_DETACH},
	{"PTRACE_SETOPTIONS", unix.PTRACE_SETOPTIONS}, {"PTRACE_SEIZE", unix.PTRACE_SEIZE},
}

var protectionConstants = [...]constant{
	{"PROT_READ", unix.PROT_READ}, {"PROT_WRITE", unix.PROT_WRITE}, {"PROT_EXEC", unix.PROT_EXEC},
}
