package bwrap

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Host is what a program is compiled for: who calls, from where, and what the sources are.
type Host struct {
	UID, GID uint32
	Dir      string // the caller's working folder
	TTY      string // the terminal that is standard output; "": none
	Terminal bool   // the caller has a controlling terminal
	Cgroup   bool   // the kernel has cgroup namespaces
}

// host looks at the caller. Env is the environment as the arguments make it: PWD in it is
// believed if it is the same folder, as get_current_dir_name(3) does.
func host(env []string) Host {
	h := Host{UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	h.Dir = workingDir(env)
	if _, err := unix.IoctlGetTermios(1, unix.TCGETS); err == nil {
		h.TTY = ttyName()
	}
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		unix.Close(fd)
	}
	h.Terminal = err != unix.ENXIO // any other failure, as that there is no /dev/tty, says nothing
	var st unix.Stat_t
	h.Cgroup = unix.Stat("/proc/self/ns/cgroup", &st) == nil
	return h
}

// ttyName is ttyname(3) of standard output. A terminal of another devpts has the name of one
// that may be anybody's here; within a sandbox its place may be the console.
func ttyName() string {
	var st, there unix.Stat_t
	name, err := os.Readlink("/proc/self/fd/1")
	if err != nil || unix.Fstat(1, &st) != nil {
		return ""
	}
	for _, name := range []string{name, "/dev/console"} {
		if unix.Stat(name, &there) == nil && st.Dev == there.Dev && st.Ino == there.Ino && st.Rdev == there.Rdev {
			return name
		}
	}
	return ""
}

func workingDir(env []string) string {
	var here, there unix.Stat_t
	if pwd, _ := getEnv(env, "PWD"); strings.HasPrefix(pwd, "/") && unix.Stat(".", &here) == nil &&
		unix.Stat(pwd, &there) == nil && here.Dev == there.Dev && here.Ino == there.Ino {
		return pwd
	}
	dir, err := os.Readlink("/proc/self/cwd")
	if err != nil {
		return ""
	}
	return dir
}

// usernsDisabled reports whether the system allows no further user namespace.
func usernsDisabled() bool {
	data, err := os.ReadFile("/proc/sys/user/max_user_namespaces")
	return err == nil && string(data) == "0\n"
}

// strerror is an error as the C library words it.
func strerror(err error) string {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
