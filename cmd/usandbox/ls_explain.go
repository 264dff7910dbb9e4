package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/procfs"
	"github.com/usandbox/usandbox/userns"
)

// explain tells about one process in words.
func (f *lsFlags) explain(pid int) error {
	doing := fmt.Sprintf("explain process %d", pid)
	if f.set.NFlag() > 0 {
		return fmt.Errorf("%s: it takes no flags; --task %d lists its namespaces", doing, pid)
	}
	dir, err := os.OpenFile("/proc/"+strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("there is none")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer dir.Close()
	e := &explanation{pid: pid, dir: int(dir.Fd()), out: bufio.NewWriter(os.Stdout)}
	text, err := e.read("status")
	if err != nil {
		return fmt.Errorf("%s: it has ended: %w", doing, err)
	}
	e.status = procfs.ParseStatus(text)
	e.identity()
	e.namespaces()
	e.idMaps()
	e.privileges()
	e.cgroups()
	e.mounts()
	if err := e.out.Flush(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// explanation is what is told of a process. All of it is read through one open
// folder: a process that ends is not taken for the next of its number.
type explanation struct {
	pid    int
	dir    int // /proc/PID
	out    *bufio.Writer
	status procfs.Status
	known  userns.Set // the namespaces that could be looked at
	shared userns.Set // those that are the caller's, too
}

// maxExplained bounds what is read of a file: mountinfo of many mounts is long.
const maxExplained = 64 << 20

func (e *explanation) read(name string) ([]byte, error) {
	fd, err := unix.Openat(e.dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	return readAtMost(file, maxExplained)
}

func (e *explanation) heading(text string) { fmt.Fprintf(e.out, "%s\n", text) }

// line prints what something is; both are escaped.
func (e *explanation) line(what, format string, args ...any) {
	fmt.Fprintf(e.out, "  %-14s %s\n", printable(what), printable(fmt.Sprintf(format, args...)))
}

// hidden says why something is not told.
func hidden(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "not yours to look into"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH):
		return "not there any more: the process has ended"
	}
	return err.Error()
}

// states are the letters of /proc/PID/stat, proc_pid_stat(5).
var states = map[string]string{
	"R": "running", "S": "sleeping", "D": "in an uninterruptible sleep", "T": "stopped", "t": "stopped by a tracer",
	"I": "idle", "Z": "ended, and its parent has not asked how (zombie)", "X": "dead", "P": "parked",
}

func (e *explanation) identity() {
	name := e.status["Name"] // escaped by the kernel
	command, _ := e.read("cmdline")
	e.heading(fmt.Sprintf("process %d: %s", e.pid, printable(procfs.Command(command, name))))
	if uid, err := strconv.ParseUint(e.status.Field("Uid", 1), 10, 32); err == nil {
		e.line("user", "%s", person(uint32(uid)))
	}
	parent := e.status.Field("PPid", 0)
	switch n, err := strconv.Atoi(parent); {
	case err != nil:
	case n == 0:
		e.line("parent", "none here")
	default:
		e.line("parent", "%d: %s", n, commandOf(n))
	}
	state := states[e.status.Field("State", 0)]
	if state == "" {
		state = e.status["State"]
	}
	e.line("state", "%s; %s", state, count(e.status.Field("Threads", 0), "thread"))
	if inner := strings.Fields(e.status["NSpid"]); len(inner) > 1 {
		e.line("PID inside", "%s", inner[len(inner)-1])
	}
}

// count is a number of things.
func count[T any](n T, thing string) string {
	text := fmt.Sprint(n)
	if text == "1" {
		return "1 " + thing
	}
	return text + " " + thing + "s"
}

// person names a user: "you (1000)", "root (0)", "1234".
func person(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	name := userOf(uid)
	switch {
	case int(uid) == os.Geteuid():
		return "you (" + id + ")"
	case name == id:
		return id
	}
	return name + " (" + id + ")"
}
