package launch

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// sandboxed is a program that runs argv in new user and PID namespaces.
func sandboxed(argv ...string) *Program {
	p := New(3)
	outer(p)
	init, command := p.Label("init"), p.Label("command")
	p.ForkInit(init, unix.CLONE_NEWPID)
	p.Supervise(false)
	p.Process("init")
	p.Here(init)
	p.BeginInit()
	p.Undumpable()
	p.ForkCommand(command, false)
	p.Reap()
	p.Process("command")
	p.Here(command)
	p.BeginCommand()
	p.Exec(argv[0], []string{"/nonexistent/" + argv[0], "/bin/" + argv[0]}, Strings(argv), Strings([]string{"PATH=/bin"}))
	return p
}

// alone is a program that runs argv, found at one of paths, as PID 1 of its
// namespace, with the first fds file descriptors.
func alone(fds int, paths []string, argv ...string) *Program {
	p := New(fds)
	outer(p)
	asInit(p, paths, argv...)
	return p
}

func asInit(p *Program, paths []string, argv ...string) {
	init := p.Label("init")
	p.ForkInit(init, unix.CLONE_NEWPID)
	p.Supervise(true)
	p.Process("command")
	p.Here(init)
	p.BeginInit()
	p.Exec(argv[0], paths, Strings(argv), Strings([]string{"PATH=/bin"}))
}

// outer appends what comes before the first fork.
func outer(p *Program) {
	p.Process("outer")
	p.Begin()
	p.Doing("create the user namespace")
	p.Call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER)
	fd := p.Var("fd")
	for _, file := range [][2]string{
		{"setgroups", "deny"},
		{"uid_map", fmt.Sprintf("%d %[1]d 1", os.Getuid())},
	} {
		p.Doing("write " + file[0])
		p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/proc/self/"+file[0], unix.O_WRONLY|unix.O_CLOEXEC).To(fd)
		p.Call(unix.SYS_WRITE, fd, file[1], len(file[1]))
		p.Close(fd)
	}
}

func run(t *testing.T, p *Program) (State, string, error) {
	t.Helper()
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	process, err := img.Start(&Attr{Files: []*os.File{nil, w, os.Stderr}})
	w.Close()
	if err != nil {
		return State{}, "", err
	}
	out, _ := io.ReadAll(r)
	state, err := process.Wait()
	return state, string(out), err
}

func TestStart(t *testing.T) {
	state, out, err := run(t, sandboxed("sh", "-c", "echo $$; exit 7"))
	if err != nil || state.Status.ExitStatus() != 7 || strings.TrimSpace(out) != "2" {
		t.Fatalf("%v %v %q", err, state, out)
	}
}
