package limits

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// host is where the package looks: the running machine, or what a test made.
type host struct {
	proc   string            // a proc file system
	pid    int               // the caller's process id
	unlike func(string) bool // reports that a folder is no cgroup of version 2
	// patience is how long the end of killed processes is waited for.
	patience     time.Duration
	lockPatience time.Duration    // likewise, of others that hold a tree's lock: many may be in a queue
	made         func(dir string) // is told of each cgroup that was made; for tests
	bus          func() (scopes, error)
}

// scopes makes scopes of a service manager; systemd's is [manager].
type scopes interface {
	// scope makes a scope that is delegated to the caller, and has the processes in it.
	scope(name string, pids []int) error
	// stop has a scope removed, some time.
	stop(name string) error
	close()
}

func thisHost() *host {
	return &host{proc: "/proc", pid: os.Getpid(), unlike: noGroup2, patience: 10 * time.Second, lockPatience: time.Minute, made: func(string) {}, bus: connect}
}

// noGroup2 reports whether a folder is no cgroup of version 2.
func noGroup2(dir string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(dir, &fs) != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC
}

// group is the cgroup of a process, and the folder that shows it.
func (h *host) group(pid string) (dir string, err error) {
	f, err := os.Open(h.proc + "/" + pid + "/cgroup")
	if err != nil {
		return "", err
	}
	defer f.Close()
	name, err := groupOf(f)
	if err != nil {
		return "", err
	}
	m, err := os.Open(h.proc + "/self/mountinfo")
	if err != nil {
		return "", err
	}
	defer m.Close()
	list, err := groupMounts(m)
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", errNotMounted
	}
	if dir, ok := folder(list, name); ok {
		return dir, nil
	}
	return "", errNotShown
}

// processes are those in a cgroup itself, not in those below it. A process that the
// caller's PID namespace does not have is 0.
func processes(dir string) ([]int, error) {
	text, err := os.ReadFile(dir + "/cgroup.procs")
	if err != nil {
		return nil, err
	}
	var list []int
	for word := range strings.FieldsSeq(string(text)) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// words are those in a file of a cgroup.
func words(dir, file string) ([]string, error) {
	text, err := os.ReadFile(dir + "/" + file)
	return strings.Fields(string(text)), err
}

// write writes to a file of a cgroup, which has to be there.
func write(name, value string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	f.Close()
	return err
}
