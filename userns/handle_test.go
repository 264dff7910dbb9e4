package userns

// Open namespaces: what they are, whose they are, and that nothing else is taken
// for one.

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// started is a shell in new namespaces, which runs until the test ends. It has
// written a line when started returns.
func started(t *testing.T, s Set, script string) (pid int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: uintptr(s.Flags())}
	if s.Has(User) {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

const waits = "echo; read line" // a script that waits for its end

func TestOpen(t *testing.T) {
	ids, err := Of(0)
	if err != nil {
		t.Fatal(err)
	}
	for k := range Kind(kinds) {
		h, err := OpenOf(0, k)
		if err != nil {
			t.Fatal(err)
		}
		link, err := os.Readlink("/proc/thread-self/ns/" + k.String())
		if err != nil || h.Kind() != k || h.Inode() != ids[k] || h.String() != link {
			t.Errorf("%v: %v, want %v, %v", k, h, link, err)
		}
		if flags, err := unix.FcntlInt(uintptr(h.Fd()), unix.F_GETFD, 0); err != nil || flags != unix.FD_CLOEXEC {
			t.Errorf("%v: flags %#x, %v", k, flags, err)
		}
		if _, err := h.Parent(); k != User && k != PID && !errors.Is(err, unix.EINVAL) {
			t.Errorf("the parent of %v: %v", k, err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if err := h.Close(); err != unix.EBADF {
			t.Errorf("closed twice: %v", err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	fifo, link, loop := filepath.Join(dir, "fifo"), filepath.Join(dir, "link"), filepath.Join(dir, "loop")
	if err := errors.Join(unix.Mkfifo(fifo, 0o600), os.Symlink("/proc/self/ns/net", link), os.Symlink(loop, loop)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		dir: ErrNotNamespace, fifo: ErrNotNamespace, "/dev/null": ErrNotNamespace, "/proc/self/ns": ErrNotNamespace, "/proc/self/status": ErrNotNamespace,
		"": fs.ErrNotExist, dir + "/none": fs.ErrNotExist, "/proc/self/ns/none": fs.ErrNotExist, loop: unix.ELOOP, "a\x00b": unix.EINVAL,
	} {
		h, err := Open(path)
		if h != nil || !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "open namespace "+path+": ") {
			t.Errorf("%q: %v, %v", path, h, err)
		}
	}
	h, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	pipe, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if h, err := NewHandle(int(pipe.Fd())); h != nil || err != ErrNotNamespace {
		t.Errorf("a pipe: %v, %v", h, err)
	}
	if pipe.Close() != nil {
		t.Error("the pipe is closed")
	}
	if os.Getuid() != 0 {
		if h, err := OpenOf(1, Network); h != nil || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("of another user: %v, %v", h, err)
		}
	}
}

func TestRelated(t *testing.T) {
	child := started(t, SetOf(User, PID, Network), waits)
	mine, err := Of(0)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := Of(child)
	if err != nil {
		t.Fatal(err)
	}
	inode := func(h *Handle, err error) uint64 {
		if err != nil {
			t.Error(err)
			return 0
		}
		defer h.Close()
		return h.Inode()
	}
	for _, k := range []Kind{User, PID, Network} {
		h, err := OpenOf(child, k)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		owner, parent := ids[User], mine[k]
		if k == User {
			owner = mine[User]
		}
		if got := inode(h.Owner()); got != owner {
			t.Errorf("%v: owner %d, want %d", h, got, owner)
		}
		if k != Network {
			if got := inode(h.Parent()); got != parent {
				t.Errorf("%v: parent %d, want %d", h, got, parent)
			}
		}
		if uid, err := h.OwnerUID(); err != nil || int(uid) != os.Getuid() {
			t.Errorf("%v: made by %d, %v", h, uid, err)
		}
	}
	if shared := ids.Shared(mine); shared.Has(User) || shared.Has(PID) || shared.Has(Network) || !shared.Has(Mount) || !shared.Has(UTS) {
		t.Errorf("shared: %v", shared)
	}
}

func TestOf(t *testing.T) {
	for pid, want := range map[int]error{-1: fs.ErrInvalid, 1 << 30: fs.ErrNotExist} {
		if ids, err := Of(pid); ids != (IDs{}) || !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "read namespaces") {
			t.Errorf("%d: %v, %v", pid, ids, err)
		}
	}
	if os.Getuid() != 0 {
		if _, err := Of(1); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("of another user: %v", err)
		}
	}
	a, err := Of(0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Of(os.Getpid())
	if err != nil || a != b || a.Shared(b) != everyKind || a.Shared(IDs{}) != 0 || (IDs{}).Shared(IDs{}) != 0 {
		t.Errorf("%v, %v, %v", a, b, err)
	}
}

func TestInodeIn(t *testing.T) {
	for text, want := range map[string]uint64{
		"net:[4026531833]": 4026531833, "net:[1]": 1, "net:[18446744073709551615]": 0, "net:[0]": 0, "net:[]": 0, "net:[": 0, "net:": 0, "": 0,
		"net:[1": 0, "net:1]": 0, "net[1]": 0, "net:[-1]": 0, "net:[1 ]": 0, "net:[1]x": 0, "netx:[1]": 0, "uts:[1]": 0, "/net:[1]": 0, "net:[99999999999999999999]": 0,
	} {
		if got, ok := inodeIn([]byte(text), "net"); ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
	for k := range Kind(kinds) {
		if got, inode, ok := parseName(name(k, 4026531833)); !ok || got != k || inode != 4026531833 {
			t.Errorf("%v: %v, %d, %v", k, got, inode, ok)
		}
	}
	for _, text := range []string{"", "/", "net", "none:[1]", "net:[x]"} {
		if k, _, ok := parseName(text); ok {
			t.Errorf("%q: %v", text, k)
		}
	}
}
