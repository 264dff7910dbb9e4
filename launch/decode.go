package launch

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// symbolic is argument i of the step as a plan prints it: flags by their names.
func (s *Step) symbolic(i int, a Arg) string {
	if a.kind != argNumber {
		return a.String()
	}
	if int32(a.num) == unix.AT_FDCWD && i == 0 {
		return "AT_FDCWD"
	}
	if s.op == OpCall && s.nr == unix.SYS_FCHMODAT && i == 2 {
		return "0" + strconv.FormatUint(a.num, 8)
	}
	for _, f := range flagTable() {
		if s.op == OpCall && uintptr(s.nr) == f.call && i == f.arg {
			return f.text(a)
		}
	}
	return a.String()
}

// flags are the names that the bits, or the values, of one argument have.
type flags struct {
	call  uintptr
	arg   int
	enum  bool // one value, not bits
	names []flagName
}

type flagName struct {
	value uint64
	name  string
}

func (f flags) text(a Arg) string {
	var names []string
	rest := a.num
	for _, n := range f.names {
		switch {
		case f.enum && rest == n.value:
			return n.name
		case !f.enum && n.value != 0 && rest&n.value == n.value:
			names = append(names, n.name)
			rest &^= n.value
		}
	}
	if f.enum || len(names) == 0 {
		return a.String()
	}
	if rest != 0 {
		names = append(names, "0x"+strconv.FormatUint(rest, 16))
	}
	return strings.Join(names, "|")
}

// flagTable is the names that this module's programs use. A function, so that
// nothing of it is made unless a plan is printed.
func flagTable() []flags {
	open := []flagName{{unix.O_DIRECTORY, "O_DIRECTORY"}, {unix.O_PATH, "O_PATH"}, {unix.O_CLOEXEC, "O_CLOEXEC"}, {unix.O_WRONLY, "O_WRONLY"}, {unix.O_RDWR, "O_RDWR"}}
	clone := []flagName{
		{unix.CLONE_NEWUSER, "CLONE_NEWUSER"}, {unix.CLONE_NEWTIME, "CLONE_NEWTIME"}, {unix.CLONE_NEWPID, "CLONE_NEWPID"},
		{unix.CLONE_NEWNS, "CLONE_NEWNS"}, {unix.CLONE_NEWUTS, "CLONE_NEWUTS"}, {unix.CLONE_NEWIPC, "CLONE_NEWIPC"},
		{unix.CLONE_NEWNET, "CLONE_NEWNET"}, {unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"}, {unix.CLONE_PIDFD, "CLONE_PIDFD"},
		{unix.CLONE_VM, "CLONE_VM"}, {unix.CLONE_VFORK, "CLONE_VFORK"},
	}
	path := []flagName{{unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"}, {unix.AT_RECURSIVE, "AT_RECURSIVE"}}
	signals := []flagName{{uint64(unix.SIGCHLD), "SIGCHLD"}, {uint64(unix.SIGKILL), "SIGKILL"}}
	cloexec := []flagName{{unix.O_CLOEXEC, "CLOEXEC"}}
	return []flags{
		{unix.SYS_CLONE, 0, false, append(clone, flagName{uint64(unix.SIGCHLD), "SIGCHLD"})},
		{unix.SYS_UNSHARE, 0, false, clone},
		{unix.SYS_SETNS, 1, false, clone},
		{unix.SYS_OPENAT, 2, false, open},
		{unix.SYS_PIPE2, 1, false, open},
		{unix.SYS_DUP3, 2, false, open},
		{unix.SYS_MKDIRAT, 2, true, octal(0o755, 0o700, 0o555)},
		{unix.SYS_MKNODAT, 2, true, []flagName{{unix.S_IFREG | 0o444, "S_IFREG|0444"}, {unix.S_IFREG | 0o644, "S_IFREG|0644"}, {unix.S_IFREG | 0o666, "S_IFREG|0666"}}},
		{unix.SYS_OPEN_TREE, 2, false, append([]flagName{{unix.OPEN_TREE_CLONE, "OPEN_TREE_CLONE"}, {unix.OPEN_TREE_CLOEXEC, "OPEN_TREE_CLOEXEC"}}, path...)},
		{unix.SYS_MOUNT_SETATTR, 2, false, path},
		{unix.SYS_MOVE_MOUNT, 4, false, []flagName{{unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH"}, {unix.MOVE_MOUNT_T_EMPTY_PATH, "MOVE_MOUNT_T_EMPTY_PATH"}}},
		{unix.SYS_FSOPEN, 1, true, []flagName{{unix.FSOPEN_CLOEXEC, "FSOPEN_CLOEXEC"}}},
		{unix.SYS_FSCONFIG, 1, true, []flagName{{unix.FSCONFIG_SET_STRING, "FSCONFIG_SET_STRING"}, {unix.FSCONFIG_CMD_CREATE, "FSCONFIG_CMD_CREATE"}}},
		{unix.SYS_FSMOUNT, 1, true, []flagName{{unix.FSMOUNT_CLOEXEC, "FSMOUNT_CLOEXEC"}}},
		{unix.SYS_FSMOUNT, 2, false, []flagName{
			{unix.MOUNT_ATTR_RDONLY, "ro"}, {unix.MOUNT_ATTR_NOSUID, "nosuid"}, {unix.MOUNT_ATTR_NODEV, "nodev"}, {unix.MOUNT_ATTR_NOEXEC, "noexec"},
		}},
		{unix.SYS_MOUNT, 3, false, []flagName{{unix.MS_REC, "MS_REC"}, {unix.MS_PRIVATE, "MS_PRIVATE"}, {unix.MS_SLAVE, "MS_SLAVE"}, {unix.MS_UNBINDABLE, "MS_UNBINDABLE"}, {unix.MS_SHARED, "MS_SHARED"}, {unix.MS_BIND, "MS_BIND"}, {unix.MS_NOEXEC, "MS_NOEXEC"}, {unix.MS_NOSUID, "MS_NOSUID"}, {unix.MS_NODEV, "MS_NODEV"}}},
		{unix.SYS_UMOUNT2, 1, false, []flagName{{unix.MNT_DETACH, "MNT_DETACH"}}},
		{unix.SYS_PRCTL, 0, true, []flagName{
			{unix.PR_SET_NAME, "PR_SET_NAME"}, {unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE"}, {unix.PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"},
			{unix.PR_CAPBSET_DROP, "PR_CAPBSET_DROP"}, {unix.PR_CAP_AMBIENT, "PR_CAP_AMBIENT"}, {unix.PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"},
			{unix.PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS"}, {unix.PR_SET_CHILD_SUBREAPER, "PR_SET_CHILD_SUBREAPER"}, {unix.PR_SET_MDWE, "PR_SET_MDWE"},
		}},
		{unix.SYS_PRLIMIT64, 1, true, []flagName{
			{unix.RLIMIT_AS, "RLIMIT_AS"}, {unix.RLIMIT_CORE, "RLIMIT_CORE"}, {unix.RLIMIT_CPU, "RLIMIT_CPU"}, {unix.RLIMIT_DATA, "RLIMIT_DATA"},
			{unix.RLIMIT_FSIZE, "RLIMIT_FSIZE"}, {unix.RLIMIT_LOCKS, "RLIMIT_LOCKS"}, {unix.RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK"}, {unix.RLIMIT_MSGQUEUE, "RLIMIT_MSGQUEUE"},
			{unix.RLIMIT_NICE, "RLIMIT_NICE"}, {unix.RLIMIT_NOFILE, "RLIMIT_NOFILE"}, {unix.RLIMIT_NPROC, "RLIMIT_NPROC"}, {unix.RLIMIT_RSS, "RLIMIT_RSS"},
			{unix.RLIMIT_RTPRIO, "RLIMIT_RTPRIO"}, {unix.RLIMIT_RTTIME, "RLIMIT_RTTIME"}, {unix.RLIMIT_SIGPENDING, "RLIMIT_SIGPENDING"}, {unix.RLIMIT_STACK, "RLIMIT_STACK"},
		}},
		{unix.SYS_KEYCTL, 0, true, []flagName{{unix.KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_JOIN_SESSION_KEYRING"}}},
		{unix.SYS_RT_SIGPROCMASK, 0, true, []flagName{{unix.SIG_SETMASK, "SIG_SETMASK"}}},
		{unix.SYS_RT_SIGACTION, 0, true, signals},
		{unix.SYS_PIDFD_SEND_SIGNAL, 1, true, signals},
		{unix.SYS_KILL, 1, true, signals},
		{unix.SYS_SECCOMP, 0, true, []flagName{{unix.SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"}}},
		{unix.SYS_SOCKET, 0, true, []flagName{{unix.AF_UNIX, "AF_UNIX"}, {unix.AF_INET, "AF_INET"}, {unix.AF_INET6, "AF_INET6"}, {unix.AF_NETLINK, "AF_NETLINK"}}},
		{unix.SYS_SOCKET, 1, false, append(cloexec, flagName{unix.SOCK_RAW, "SOCK_RAW"}, flagName{unix.SOCK_DGRAM, "SOCK_DGRAM"}, flagName{unix.SOCK_STREAM, "SOCK_STREAM"}, flagName{unix.SOCK_NONBLOCK, "NONBLOCK"})},
		{unix.SYS_IOCTL, 1, true, []flagName{{unix.SIOCSIFFLAGS, "SIOCSIFFLAGS"}}},
		{unix.SYS_LANDLOCK_CREATE_RULESET, 2, true, []flagName{{unix.LANDLOCK_CREATE_RULESET_VERSION, "LANDLOCK_CREATE_RULESET_VERSION"}}},
		{unix.SYS_LANDLOCK_ADD_RULE, 1, true, []flagName{{unix.LANDLOCK_RULE_PATH_BENEATH, "LANDLOCK_RULE_PATH_BENEATH"}, {2, "LANDLOCK_RULE_NET_PORT"}}},
		{unix.SYS_LANDLOCK_RESTRICT_SELF, 1, false, []flagName{
			{unix.LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF, "LOG_SAME_EXEC_OFF"}, {unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON, "LOG_NEW_EXEC_ON"},
			{unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF, "LOG_SUBDOMAINS_OFF"},
		}},
		{unix.SYS_FCNTL, 1, true, []flagName{{unix.F_GETFL, "F_GETFL"}}},
		{unix.SYS_SENDTO, 3, false, []flagName{{unix.MSG_NOSIGNAL, "MSG_NOSIGNAL"}, {unix.MSG_DONTWAIT, "MSG_DONTWAIT"}}},
		{unix.SYS_SENDMSG, 2, false, []flagName{{unix.MSG_NOSIGNAL, "MSG_NOSIGNAL"}}},
		{unix.SYS_WAIT4, 2, false, []flagName{{unix.WUNTRACED, "WUNTRACED"}, {unix.WALL, "__WALL"}}},
		{unix.SYS_CLOSE_RANGE, 2, true, []flagName{{unix.CLOSE_RANGE_CLOEXEC, "CLOSE_RANGE_CLOEXEC"}}},
	}
}

func octal(modes ...uint64) (names []flagName) {
	for _, m := range modes {
		names = append(names, flagName{m, "0" + strconv.FormatUint(m, 8)})
	}
	return names
}
