package launch

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Attr is what a started image is given beside its own contents.
type Attr struct {
	// Files are the command's file descriptors: index N becomes fd N, nil is
	// closed. Exactly as many as the program was made for.
	Files []*os.File

	// Forked is called when the image's first process runs, if the program waits for
	// that (see Program.AwaitForked): what has to be done before the command runs can
	// be done while the sandbox is being set up.
	Forked func()

	// Terminal is called with the master of the command's terminal, if the program makes
	// one (see Program.OpenTerminal), before the command runs. The file is the
	// callee's. If it fails, the program ends.
	Terminal func(master *os.File) error

	// Sockets is called with the sockets that the program hands over (see
	// Program.HandSockets), before the command runs. The files are the callee's. If it
	// fails, the program ends.
	Sockets func(files []*os.File) error

	// Outside is the caller's terminal, for Program.RestoreTerminal.
	Outside *os.File

	// Cgroup is the folder of the cgroup that the image's first process is started in,
	// clone3(2) with CLONE_INTO_CGROUP, Linux 5.7. Nil: the caller's.
	Cgroup *os.File

	// Prepare is called with outer's process id when the program waits for its
	// caller (see Program.AwaitCaller). If it fails, the program ends.
	Prepare func(pid int) error
}

// Start runs the image and returns when the command's execve has succeeded or
// something failed before. A step that failed gives a [*StepError]; then
// nothing of the image is left.
//
// It is safe to call from many goroutines at once.
func (img *Image) Start(attr *Attr) (*Process, error) {
	if len(attr.Files) != img.fds {
		return nil, fmt.Errorf("BUG: launch: %d files for a program of %d", len(attr.Files), img.fds)
	}
	var status [2]int
	if err := unix.Pipe2(status[:], unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	statusRead, statusWrite := status[0], os.NewFile(uintptr(status[1]), "status")
	defer unix.Close(statusRead)
	defer statusWrite.Close()
	control, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(control[1]), "control")
	defer theirs.Close()

	p := &Process{img: img, control: control[0], pidfd: -1, handedOver: -1}
	files := slices.Clone(attr.Files)
	for len(files) < 3 { // as in Program.statusFD
		files = append(files, nil)
	}
	files = append(files, statusWrite, theirs)
	var answers *os.File
	if img.enterable {
		if answers, err = p.openRequests(); err != nil {
			unix.Close(control[0])
			return nil, err
		}
		files = append(files, answers)
	}
	if img.outside {
		files = append(files, attr.Outside)
	}
	if p.outer, err = img.exec(files, attr.Cgroup); err != nil {
		unix.Close(control[0])
		p.closeRequests()
		return nil, err
	}
	runtime.KeepAlive(attr.Files)
	statusWrite.Close()
	theirs.Close()
	if answers != nil {
		answers.Close()
		go p.requests.read()
	}

	if img.prepare {
		err = p.prepare(attr.Prepare)
	}
	if err == nil && img.gated && attr.Forked != nil {
		attr.Forked()
	}
	if err == nil {
		err = p.receiveFirst(attr)
	}
	if err == nil && img.gated {
		unix.Write(p.control, []byte("!")) // if there is nobody to read it, the status says why
	}
	if err == nil {
		err = img.readStatus(statusRead)
	}
	if err == nil {
		err = p.receiveFDs()
	}
	if img.unguarded {
		// Also of a program that failed: the command's process may be left.
		if s, sweepErr := p.newSweeper(); sweepErr == nil {
			go s.run()
		} else if err == nil {
			err = sweepErr
		}
	}
	if err != nil {
		p.Kill()
		p.Wait()
		return nil, err
	}
	return p, nil
}

// prepare waits for the image to ask, calls f and lets the image go on. An
// image that ended before it asked is no error here: its status says more.
func (p *Process) prepare(f func(pid int) error) error {
	var msg [8]byte
	n, err := ignoringEINTR(func() (int, error) { return unix.Read(p.control, msg[:]) })
	if err != nil || n == 0 {
		return nil
	}
	if err := f(p.outer); err != nil {
		return err
	}
	_, err = ignoringEINTR(func() (int, error) { return unix.Write(p.control, msg[:1]) })
	if err == unix.EPIPE {
		return nil // it has ended meanwhile
	}
	return os.NewSyscallError("write", err)
}

// readStatus reads the failed step, or nothing if the command was executed.
func (img *Image) readStatus(fd int) error {
	var msg [16]byte
	n, err := ignoringEINTR(func() (int, error) { return unix.Read(fd, msg[:]) })
	if err != nil {
		return os.NewSyscallError("read", err)
	}
	if n == 0 {
		return nil
	}
	i, ok := img.failedStep(binary.LittleEndian.Uint64(msg[:]))
	if n != len(msg) || !ok {
		return fmt.Errorf("BUG: launch: the image reports an impossible step: %x", msg[:n])
	}
	s, errno := img.steps[i], unix.Errno(binary.LittleEndian.Uint64(msg[8:]))
	return &StepError{Step: i, Doing: s.doing, Origin: s.origin, Call: s.Call(), Errno: errno, Exec: s.exec}
}

func ignoringEINTR(f func() (int, error)) (int, error) {
	for {
		if n, err := f(); err != syscall.EINTR {
			return n, err
		}
	}
}
