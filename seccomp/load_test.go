package seccomp_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/seccomp"
)

const insideVariable = "USANDBOX_SECCOMP_INSIDE"

func TestMain(m *testing.M) {
	if os.Getenv(insideVariable) != "" {
		inside()
	}
	os.Exit(m.Run())
}

// inside makes calls and prints what they gave.
func inside() {
	call := func(name string, nr uintptr, args ...uintptr) {
		var a [6]uintptr
		copy(a[:], args)
		_, _, errno := unix.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
		fmt.Printf("%s %s\n", name, unix.ErrnoName(errno))
	}
	call("getpid", unix.SYS_GETPID)
	call("mount", unix.SYS_MOUNT)
	call("unshare", unix.SYS_UNSHARE, unix.CLONE_NEWUSER)
	call("unshare nothing", unix.SYS_UNSHARE)
	call("clone3", unix.SYS_CLONE3)
	call("unknown", 1000)
	call("skipped", ^uintptr(0))
	call("alg", unix.SYS_SOCKET, unix.AF_ALG, unix.SOCK_SEQPACKET)
	call("TIOCSTI", unix.SYS_IOCTL, 1<<20, 1<<32|unix.TIOCSTI)
	call("TCGETS", unix.SYS_IOCTL, 1<<20, unix.TCGETS)
	call("kcmp", unix.SYS_KCMP, uintptr(os.Getpid()), uintptr(os.Getpid()), 99)
	fmt.Println("end")
	os.Exit(0)
}

// run executes this program under filters, by an image.
func run(t *testing.T, filters ...seccomp.Program) string {
	t.Helper()
	p := launch.NewStandalone(3)
	p.Process("command")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	for _, f := range filters {
		f.Load(p)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.Exec(self, []string{self}, launch.Strings([]string{self}), launch.Strings([]string{insideVariable + "=1"}))
	image, err := p.Image()
	if err != nil {
		t.Fatal(err)
	}
	name := t.TempDir() + "/image"
	if err := os.WriteFile(name, image.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(name).CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	return string(out)
}

func TestLoad(t *testing.T) {
	filter, err := seccomp.Options{}.Program()
	if err != nil {
		t.Fatal(err)
	}
	out := run(t, filter)
	want := `getpid 
mount EPERM
unshare EPERM
unshare nothing 
clone3 ENOSYS
unknown ENOSYS
skipped ENOSYS
alg EAFNOSUPPORT
TIOCSTI EPERM
TCGETS EBADF
kcmp EINVAL
end
`
	if out != want {
		t.Errorf("%s\nwant\n%s", out, want)
	}
}

// A second filter can only take away.
func TestLoadTwo(t *testing.T) {
	filter, err := seccomp.Options{}.Program()
	if err != nil {
		t.Fatal(err)
	}
	open := seccomp.Policy{
		Default: seccomp.Action{Kind: seccomp.Allow}, Unknown: seccomp.Action{Kind: seccomp.Allow}, Foreign: seccomp.Action{Kind: seccomp.Allow},
		Rules: []seccomp.Rule{{Action: seccomp.Fails(unix.E2BIG), Calls: []string{"kcmp"}}},
	}
	second, err := open.Compile()
	if err != nil {
		t.Fatal(err)
	}
	out := run(t, filter, second)
	if !strings.Contains(out, "kcmp E2BIG\n") || !strings.Contains(out, "mount EPERM\n") {
		t.Error(out)
	}
}
