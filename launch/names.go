package launch

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// callName is the name of a system call that the packages of this module use.
// Only calls that every supported architecture has appear in programs: no
// open, fork, dup2 or poll, but openat, clone, dup3 and ppoll.
func callName(nr uintptr) string {
	if name, ok := callNames[nr]; ok {
		return name
	}
	return "syscall_" + strconv.Itoa(int(nr))
}

var callNames = map[uintptr]string{
	unix.SYS_CAPSET:            "capset",
	unix.SYS_CHDIR:             "chdir",
	unix.SYS_CLONE:             "clone",
	unix.SYS_CLOSE:             "close",
	unix.SYS_CLOSE_RANGE:       "close_range",
	unix.SYS_DUP:               "dup",
	unix.SYS_DUP3:              "dup3",
	unix.SYS_EXECVE:            "execve",
	unix.SYS_EXIT_GROUP:        "exit_group",
	unix.SYS_FCHDIR:            "fchdir",
	unix.SYS_FCHMODAT:          "fchmodat",
	unix.SYS_FSCONFIG:          "fsconfig",
	unix.SYS_FSMOUNT:           "fsmount",
	unix.SYS_FSOPEN:            "fsopen",
	unix.SYS_FSTATFS:           "fstatfs",
	unix.SYS_GETPID:            "getpid",
	unix.SYS_GETUID:            "getuid",
	unix.SYS_IOCTL:             "ioctl",
	unix.SYS_KILL:              "kill",
	unix.SYS_LSEEK:             "lseek",
	unix.SYS_MKDIRAT:           "mkdirat",
	unix.SYS_MKNODAT:           "mknodat",
	unix.SYS_MOUNT:             "mount",
	unix.SYS_MOUNT_SETATTR:     "mount_setattr",
	unix.SYS_MOVE_MOUNT:        "move_mount",
	unix.SYS_OPENAT:            "openat",
	unix.SYS_OPENAT2:           "openat2",
	unix.SYS_OPEN_TREE:         "open_tree",
	unix.SYS_PIDFD_SEND_SIGNAL: "pidfd_send_signal",
	unix.SYS_PIPE2:             "pipe2",
	unix.SYS_PIVOT_ROOT:        "pivot_root",
	unix.SYS_PPOLL:             "ppoll",
	unix.SYS_PRCTL:             "prctl",
	unix.SYS_READ:              "read",
	unix.SYS_RT_SIGACTION:      "rt_sigaction",
	unix.SYS_RT_SIGPROCMASK:    "rt_sigprocmask",
	unix.SYS_SENDMSG:           "sendmsg",
	unix.SYS_SENDTO:            "sendto",
	unix.SYS_SETDOMAINNAME:     "setdomainname",
	unix.SYS_SETGROUPS:         "setgroups",
	unix.SYS_SETHOSTNAME:       "sethostname",
	unix.SYS_SETPGID:           "setpgid",
	unix.SYS_SETRESGID:         "setresgid",
	unix.SYS_SETRESUID:         "setresuid",
	unix.SYS_SETSID:            "setsid",
	unix.SYS_SOCKET:            "socket",
	unix.SYS_SOCKETPAIR:        "socketpair",
	unix.SYS_STATX:             "statx",
	unix.SYS_SYMLINKAT:         "symlinkat",
	unix.SYS_UMASK:             "umask",
	unix.SYS_UMOUNT2:           "umount2",
	unix.SYS_UNSHARE:           "unshare",
	unix.SYS_WAIT4:             "wait4",
	unix.SYS_WRITE:             "write",
}
