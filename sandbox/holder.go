package sandbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/launch"
)

// holder is a process that has files open, for a program that takes them by their path in /proc
// alone. It is in the sandbox's user namespace and has no capability there, so that the program
// may look into it before it joins that and after, whatever it has dropped itself. It is in no
// PID namespace of the sandbox's: the command does not see it.
type holder struct {
	pid  int
	life *os.File // its end is the holder's
}

// hold starts one for files, of which the first is the user namespace.
func hold(files ...*os.File) (*holder, error) {
	p := launch.NewStandalone(len(files) + 1)
	p.Process("holder")
	p.Doing("name the process")
	p.Call(unix.SYS_PRCTL, unix.PR_SET_NAME, "usandbox", 0, 0, 0)
	p.Call(unix.SYS_SETSID)
	p.Doing("join the user namespace")
	p.Call(unix.SYS_SETNS, 0, unix.CLONE_NEWUSER) // and stays dumpable
	caps.Use(p, caps.None, caps.None)
	p.Doing("hold files")
	p.Call(unix.SYS_WRITE, len(files), "!", 1)
	p.Call(unix.SYS_READ, len(files), p.Var("byte").Addr(), 1)
	p.Call(unix.SYS_EXIT_GROUP, 0)
	image, err := p.Image()
	if err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(pair[0]), "holder")
	h := &holder{life: os.NewFile(uintptr(pair[1]), "holder")}
	h.pid, err = image.Spawn(append(files, theirs))
	theirs.Close()
	if err != nil {
		h.life.Close()
		return nil, err
	}
	// Until it has dropped its capabilities, who has fewer cannot look.
	if n, err := h.life.Read(make([]byte, 1)); n != 1 {
		h.end()
		return nil, fmt.Errorf("hold the namespaces for another program: it has ended: %w", err)
	}
	return h, nil
}

// path is where the file of an index is found.
func (h *holder) path(i int) string { return fmt.Sprintf("/proc/%d/fd/%d", h.pid, i) }

// end ends the holder.
func (h *holder) end() {
	h.life.Close()
	for {
		if _, err := unix.Wait4(h.pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}
