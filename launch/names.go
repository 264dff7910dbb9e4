package launch

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// callName is the name of a system call that the packages of this module use.
// Only calls that every supported architecture has appear in programs: no
// open, fork, dup2 or poll, but openat, clone, dup3 and ppoll.
func callName(nr uintptr) string {
	switch nr { // and no map, which every start of the program would fill
	case unix.SYS_CAPSET:
		return "capset"
	case unix.SYS_CHDIR:
		return "chdir"
	case unix.SYS_CHROOT:
		return "chroot"
	case unix.SYS_CLONE:
		return "clone"
	case unix.SYS_CLOSE:
		return "close"
	case unix.SYS_CLOSE_RANGE:
		return "close_range"
	case unix.SYS_DUP:
		return "dup"
	case unix.SYS_DUP3:
		return "dup3"
	case unix.SYS_EXECVE:
		return "execve"
	case unix.SYS_EXECVEAT:
		return "execveat"
	case unix.SYS_EXIT_GROUP:
		return "exit_group"
	case unix.SYS_FCHDIR:
		return "fchdir"
	case unix.SYS_FCHMODAT:
		return "fchmodat"
	case unix.SYS_FCNTL:
		return "fcntl"
	case unix.SYS_FSCONFIG:
		return "fsconfig"
	case unix.SYS_FSMOUNT:
		return "fsmount"
	case unix.SYS_FSOPEN:
		return "fsopen"
	case unix.SYS_FSTATFS:
		return "fstatfs"
	case unix.SYS_GETPGID:
		return "getpgid"
	case unix.SYS_GETPID:
		return "getpid"
	case unix.SYS_GETUID:
		return "getuid"
	case unix.SYS_IOCTL:
		return "ioctl"
	case unix.SYS_KILL:
		return "kill"
	case unix.SYS_LSEEK:
		return "lseek"
	case unix.SYS_MADVISE:
		return "madvise"
	case unix.SYS_MKDIRAT:
		return "mkdirat"
	case unix.SYS_MKNODAT:
		return "mknodat"
	case unix.SYS_MOUNT:
		return "mount"
	case unix.SYS_MOUNT_SETATTR:
		return "mount_setattr"
	case unix.SYS_MOVE_MOUNT:
		return "move_mount"
	case unix.SYS_OPENAT:
		return "openat"
	case unix.SYS_OPENAT2:
		return "openat2"
	case unix.SYS_OPEN_TREE:
		return "open_tree"
	case unix.SYS_PIDFD_OPEN:
		return "pidfd_open"
	case unix.SYS_PIDFD_SEND_SIGNAL:
		return "pidfd_send_signal"
	case unix.SYS_PIPE2:
		return "pipe2"
	case unix.SYS_PIVOT_ROOT:
		return "pivot_root"
	case unix.SYS_PPOLL:
		return "ppoll"
	case unix.SYS_PRCTL:
		return "prctl"
	case unix.SYS_READ:
		return "read"
	case unix.SYS_RECVMSG:
		return "recvmsg"
	case unix.SYS_RT_SIGACTION:
		return "rt_sigaction"
	case unix.SYS_RT_SIGPROCMASK:
		return "rt_sigprocmask"
	case unix.SYS_RT_SIGTIMEDWAIT:
		return "rt_sigtimedwait"
	case unix.SYS_SENDMSG:
		return "sendmsg"
	case unix.SYS_SENDTO:
		return "sendto"
	case unix.SYS_SETDOMAINNAME:
		return "setdomainname"
	case unix.SYS_SETGROUPS:
		return "setgroups"
	case unix.SYS_SETHOSTNAME:
		return "sethostname"
	case unix.SYS_SETNS:
		return "setns"
	case unix.SYS_SETPGID:
		return "setpgid"
	case unix.SYS_SETRESGID:
		return "setresgid"
	case unix.SYS_SETRESUID:
		return "setresuid"
	case unix.SYS_SETSID:
		return "setsid"
	case unix.SYS_SIGNALFD4:
		return "signalfd4"
	case unix.SYS_SOCKET:
		return "socket"
	case unix.SYS_SOCKETPAIR:
		return "socketpair"
	case unix.SYS_STATX:
		return "statx"
	case unix.SYS_SYMLINKAT:
		return "symlinkat"
	case unix.SYS_UMASK:
		return "umask"
	case unix.SYS_UMOUNT2:
		return "umount2"
	case unix.SYS_UNSHARE:
		return "unshare"
	case unix.SYS_UTIMENSAT:
		return "utimensat"
	case unix.SYS_WAIT4:
		return "wait4"
	case unix.SYS_WRITE:
		return "write"
	case unix.SYS_WRITEV:
		return "writev"
	}
	return "syscall_" + strconv.Itoa(int(nr))
}
