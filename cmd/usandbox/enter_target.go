package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/internal/procfs"
	"github.com/usandbox/usandbox/userns"
)

// target is the process whose namespaces are entered. The pidfd comes first; the
// folder in /proc is found by the number, which another process may have got
// meanwhile. So it counts only if the pidfd's process still is there afterwards: then
// both are one process, and stay so, as neither file descriptor can change its process.
type target struct {
	pid   int
	pidfd int
	proc  int // O_PATH of /proc/PID
}

// errEnded says that a process is not there any more.
var errEnded = errors.New("it has ended")

// openTarget opens a process. With an inode number, its pidfd has to have that: it is
// the process that somebody has looked at before, however old the number is.
func openTarget(p pidFlag) (*target, error) {
	pidfd, err := unix.PidfdOpen(p.pid, 0)
	switch err {
	case nil:
	case unix.ESRCH:
		return nil, errors.New("there is no such process")
	case unix.EINVAL, unix.ENOENT:
		return nil, errors.New("that is a thread, no process")
	default:
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	t, err := targetOf(p.pid, pidfd)
	if err == nil && p.inode != 0 {
		err = hasInode(pidfd, p.inode)
	}
	if err != nil {
		unix.Close(pidfd)
		return nil, err
	}
	return t, nil
}

// targetOf finds the folder in /proc of a pidfd's process. Its number there is not pid
// where /proc belongs to another PID namespace.
func targetOf(pid, pidfd int) (*target, error) {
	number, err := procfs.NumberOf(pidfd)
	if err != nil {
		if unix.PidfdSendSignal(pidfd, 0, nil, 0) == unix.ESRCH {
			return nil, errEnded
		}
		return nil, hinted{errors.New("it is not in /proc, which belongs to another PID namespace"), "mount a proc of your own: usandbox unshare -p -f --mount-proc"}
	}
	return targetAt(number, pid, pidfd)
}

// targetAt is targetOf where the number is said to be number.
func targetAt(number, pid, pidfd int) (*target, error) {
	proc, err := unix.Open("/proc/"+strconv.Itoa(number), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil && err != unix.ENOENT {
		return nil, fmt.Errorf("open /proc/%d: %w", pid, err)
	}
	// EPERM: it is there, and belongs to somebody else.
	if e := unix.PidfdSendSignal(pidfd, 0, nil, 0); e != nil && e != unix.EPERM {
		if err == nil {
			unix.Close(proc)
		}
		return nil, errEnded
	}
	if err != nil {
		return nil, hinted{errors.New("it is not in /proc"), "this /proc belongs to another PID namespace, or hides other users' processes"}
	}
	return &target{pid, pidfd, proc}, nil
}

// hasInode checks the inode number of a pidfd: unique to the process since the start of
// the machine, Linux 6.9.
func hasInode(pidfd int, want uint64) error {
	var fs unix.Statfs_t
	var st unix.Stat_t
	if err := unix.Fstatfs(pidfd, &fs); err != nil || fs.Type != unix.PID_FS_MAGIC {
		return errors.New("pidfds have no inode number of their own before Linux 6.9")
	}
	if err := unix.Fstat(pidfd, &st); err != nil {
		return err
	}
	if st.Ino != want {
		return fmt.Errorf("it is another process now: its pidfd has the inode number %d", st.Ino)
	}
	return nil
}

// open opens a file in the process's folder in /proc.
func (t *target) open(name string, flags int) (int, error) {
	fd, err := unix.Openat(t.proc, name, flags, 0)
	switch err {
	case nil:
		return fd, nil
	case unix.EACCES, unix.EPERM:
		return -1, t.refused()
	case unix.ESRCH, unix.ENOENT:
		if e := unix.PidfdSendSignal(t.pidfd, 0, nil, 0); e == unix.ESRCH || t.field("State") == "" || t.field("State")[0] == 'Z' {
			return -1, errEnded
		}
	}
	return -1, fmt.Errorf("open /proc/%d/%s: %w", t.pid, name, err)
}

// refused says why the kernel does not let the process be looked into.
func (t *target) refused() error {
	var uids [4]int // real, effective, saved, of the file system
	fmt.Sscan(t.field("Uid"), &uids[0], &uids[1], &uids[2], &uids[3])
	for _, uid := range uids[:3] {
		if uid != os.Getuid() {
			return fmt.Errorf("you may not look into it: it is a process of user id %d", uid)
		}
	}
	err := errors.New("you may not look into it: it is not dumpable, or has capabilities that you have not")
	if t.field("Name") == "usandbox" {
		return hinted{err, "that process is usandbox itself; enter one that it has started"}
	}
	return err
}

// read reads a file in the process's folder, a bounded one.
func (t *target) read(name string) ([]byte, error) {
	const most = 4 << 20
	fd, err := t.open(name, unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fmt.Errorf("read /proc/%d/%s: %w", t.pid, name, errors.Unwrap(err))
	}
	if len(text) > most {
		return nil, fmt.Errorf("read /proc/%d/%s: more than %d bytes", t.pid, name, most)
	}
	return text, nil
}

// field is a line of the process's status, proc_pid_status(5), without its name.
func (t *target) field(name string) string {
	fd, err := unix.Openat(t.proc, "status", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	file := os.NewFile(uintptr(fd), "status")
	defer file.Close()
	text, _ := io.ReadAll(io.LimitReader(file, 1<<20))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// namespace opens the process's namespace of a kind.
func (t *target) namespace(k userns.Kind) (*userns.Handle, error) {
	fd, err := t.open("ns/"+k.String(), unix.O_RDONLY|unix.O_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return userns.NewHandle(fd)
}

// environ is the process's environment.
func (t *target) environ() ([]string, error) {
	text, err := t.read("environ")
	if err != nil {
		return nil, err
	}
	env := []string{}
	for kv := range strings.SplitSeq(string(text), "\x00") {
		if strings.Contains(kv, "=") { // a process may have written anything there
			env = append(env, kv)
		}
	}
	return env, nil
}

// id is the process's effective user or group id, as seen from here.
func (t *target) id(k idmap.Kind) (uint32, error) {
	name := "Uid"
	if k == idmap.GID {
		name = "Gid"
	}
	var real, effective uint32
	if _, err := fmt.Sscan(t.field(name), &real, &effective); err != nil {
		return 0, errEnded
	}
	return effective, nil
}

// idMap is the id map of the process's user namespace.
func (t *target) idMap(k idmap.Kind) (idmap.Map, error) {
	name := "uid_map"
	if k == idmap.GID {
		name = "gid_map"
	}
	text, err := t.read(name)
	if err != nil {
		return nil, err
	}
	return idmap.ParseProc(strings.NewReader(string(text)))
}
