package userns_test

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// A program that joins the user and the network namespace of another process and
// executes a command there. Go cannot join a user namespace itself: its processes have
// several threads.
func ExampleJoin() {
	other := exec.Command("sleep", "300")
	other.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET}
	if err := other.Start(); err != nil {
		log.Fatal(err)
	}
	defer other.Wait()
	defer other.Process.Kill()
	pidfd, err := unix.PidfdOpen(other.Process.Pid, 0)
	if err != nil {
		log.Fatal(err)
	}

	p := launch.NewStandalone(3)
	joining := userns.Joining{Process: 3, Kinds: userns.SetOf(userns.User, userns.Network)}
	if err := userns.Join(p, joining); err != nil {
		log.Fatal(err)
	}
	p.Call(unix.SYS_CLOSE, 3)
	p.Exec("grep", []string{"/usr/bin/grep", "/bin/grep"}, launch.Strings([]string{"grep", "-c", ":", "/proc/net/dev"}), launch.Strings(nil))
	image, err := p.Image()
	if err != nil {
		log.Fatal(err)
	}

	dir, err := os.MkdirTemp("", "join-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(dir+"/join", image.Bytes(), 0o700); err != nil {
		log.Fatal(err)
	}
	join := exec.Command(dir + "/join")
	join.ExtraFiles = []*os.File{os.NewFile(uintptr(pidfd), "pidfd")} // 3 in there
	join.Stderr = os.Stderr
	interfaces, err := join.Output()
	fmt.Printf("%s%v\n", interfaces, err)
	// Output:
	// 1
	// <nil>
}
