package limits

import (
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/procfs"
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
	scope(ctx context.Context, name string, pids []int) error
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

// group is the folder that shows the cgroup of a process.
func (h *host) group(pid string) (dir string, err error) {
	text, err := readFile(h.proc + "/" + pid + "/cgroup")
	if err != nil {
		return "", err
	}
	name, err := procfs.ParseCgroup(text)
	if err != nil {
		return "", err
	}
	if text, err = readFile(h.proc + "/self/mountinfo"); err != nil {
		return "", err
	}
	list, err := procfs.ParseMountinfo(text)
	if err != nil {
		return "", err
	}
	if dir, ok := procfs.CgroupFolder(list, name); ok {
		return dir, nil
	}
	if !slices.ContainsFunc(list, func(m procfs.Mountinfo) bool { return m.Type == "cgroup2" }) {
		return "", errNotMounted
	}
	return "", errNotShown
}

// readFile reads a file in /proc whose length depends on others; not more than anybody needs.
func readFile(name string) ([]byte, error) {
	const most = 16 << 20
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
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
