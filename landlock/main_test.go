package landlock

// What the tests on the running kernel use: the test binary, executed in a domain, tries
// things and tells how each went.

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

const roleVariable = "USANDBOX_TEST_TRY"

func TestMain(m *testing.M) {
	if text := os.Getenv(roleVariable); text != "" {
		tried := map[string]string{}
		for _, what := range strings.Split(text, "\n") {
			tried[what] = try(strings.Fields(what))
		}
		json.NewEncoder(os.Stdout).Encode(tried)
		return
	}
	os.Exit(m.Run())
}

// try does one thing. The result is the name of the errno; "" if it worked.
func try(args []string) string {
	number := func(i int) (n int) { fmt.Sscan(args[i], &n); return n }
	var err error
	switch args[0] {
	case "read":
		err = open(args[1], unix.O_RDONLY)
	case "list":
		err = open(args[1], unix.O_RDONLY|unix.O_DIRECTORY)
	case "write":
		err = open(args[1], unix.O_WRONLY)
	case "make":
		err = open(args[1], unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL)
	case "empty":
		err = open(args[1], unix.O_WRONLY|unix.O_TRUNC)
	case "truncate":
		err = unix.Truncate(args[1], 1)
	case "tmpfile":
		err = tmpfile(args[1], args[2])
	case "rename":
		err = unix.Rename(args[1], args[2])
	case "link":
		err = unix.Link(args[1], args[2])
	case "remove":
		err = unix.Unlink(args[1])
	case "mkdir":
		err = unix.Mkdir(args[1], 0o755)
	case "mkfifo":
		err = unix.Mkfifo(args[1], 0o644)
	case "mknod":
		err = unix.Mknod(args[1], unix.S_IFCHR|0o644, 0) // a whiteout: anybody may make one
	case "execute":
		err = exec.Command(args[1]).Run()
	case "ioctl":
		var fd int
		if fd, err = unix.Open(args[1], unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err == nil {
			_, err = unix.IoctlGetTermios(fd, unix.TCGETS)
		}
	case "bind":
		var fd int
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err == nil {
			err = unix.Bind(fd, &unix.SockaddrInet4{Port: number(1), Addr: [4]byte{127, 0, 0, 1}})
		}
	case "connect", "unix":
		_, err = net.Dial(map[string]string{"connect": "tcp", "unix": "unix"}[args[0]], args[1])
	case "kill":
		err = unix.Kill(number(1), 0)
	case "openat":
		_, err = unix.Openat(number(1), args[2], unix.O_RDONLY|unix.O_CLOEXEC, 0)
	case "mount":
		err = unix.Mount("none", args[1], "tmpfs", 0, "")
	}
	var errno unix.Errno
	if err != nil && !errors.As(err, &errno) {
		return err.Error()
	}
	if err == nil {
		return ""
	}
	return unix.ErrnoName(errno)
}

func open(name string, flags int) error {
	fd, err := unix.Open(name, flags|unix.O_CLOEXEC|unix.O_NOCTTY, 0o644)
	unix.Close(fd)
	return err
}

// tmpfile makes a file without a name in a folder, and gives it one.
func tmpfile(dir, name string) error {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprint("/proc/self/fd/", fd), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
}

// inDomain tries things in a domain with a ruleset. Files become file descriptors 3 and up.
func inDomain(t *testing.T, r Ruleset, files []*os.File, things ...string) map[string]string {
	t.Helper()
	p := launch.NewStandalone(3 + len(files))
	p.Doing("set no_new_privs")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	r.CompileFor(p, nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.Exec(self, []string{self}, launch.Strings([]string{self}), launch.Strings([]string{roleVariable + "=" + strings.Join(things, "\n")}))
	out, err := run(t, p, files)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var tried map[string]string
	if err := json.Unmarshal(out, &tried); err != nil {
		t.Fatal(err)
	}
	return tried
}

// run runs a program that stands alone.
func run(t *testing.T, p *launch.Program, files []*os.File) ([]byte, error) {
	t.Helper()
	img, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(name, img.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(name)
	c.ExtraFiles = files
	return c.CombinedOutput()
}
