package launch

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// argv0 is what outer and the sandbox's PID 1 are called; nothing else of the
// caller is in their arguments or environment.
const argv0 = "usandbox"

// seals make the image unchangeable, also for a process that finds it in /proc.
const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// exec starts the image: from a sealed memfd, or where that is refused
// (vm.memfd_noexec=2, a security module, no /proc) from a file that is removed
// at once, in a folder that is the caller's alone.
func (img *Image) exec(files []*os.File, cgroup *os.File) (pid int, err error) {
	pid, err = img.execMemfd(files, cgroup)
	if err == nil || !refused(err) {
		return pid, err
	}
	pid, second := img.execFile(files, cgroup)
	if second == nil {
		return pid, nil
	}
	return 0, fmt.Errorf("start the sandbox: a memfd cannot be executed (%w; see vm.memfd_noexec), nor can a file: %w", err, second)
}

// refused reports whether err may be peculiar to the way of executing.
func refused(err error) bool {
	return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOENT) ||
		errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL)
}

// memfd is a new sealed memfd that holds the image.
func (img *Image) memfd() (fd int, err error) {
	fd, err = unix.MemfdCreate(argv0, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate(argv0, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return 0, os.NewSyscallError("memfd_create", err)
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	for b := img.elf; len(b) > 0; {
		n, err := ignoringEINTR(func() (int, error) { return unix.Write(fd, b) })
		if err != nil {
			return 0, fmt.Errorf("write the sandbox's image: %w", err)
		}
		b = b[n:]
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return 0, fmt.Errorf("seal the sandbox's image: %w", err)
	}
	return fd, nil
}

func (img *Image) execMemfd(files []*os.File, cgroup *os.File) (pid int, err error) {
	fd, err := img.memfd()
	if err != nil {
		return 0, err
	}
	defer func() { unix.Close(fd) }()
	// The child moves the files to their numbers before it executes
	// /proc/self/fd/N: N has to lie above every number it may use for that.
	high := len(files)
	for _, f := range files {
		if f != nil {
			high = max(high, int(f.Fd())+1)
		}
	}
	if high += len(files) + 1; fd < high {
		moved, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, high)
		if err != nil {
			return 0, os.NewSyscallError("fcntl", err)
		}
		unix.Close(fd)
		fd = moved
	}
	return start("/proc/self/fd/"+strconv.Itoa(fd), files, cgroup)
}

// execFile executes the image from a file. One that any process holds open for
// writing cannot be executed (ETXTBSY): another goroutine that forks just then
// holds it for a moment, so that is tried again.
func (img *Image) execFile(files []*os.File, cgroup *os.File) (pid int, err error) {
	err = img.asFile(func(name string) error {
		for try := 0; ; try++ {
			pid, err = start(name, files, cgroup)
			if !errors.Is(err, syscall.ETXTBSY) || try == 1000 {
				return err
			}
		}
	})
	return pid, err
}

// asFile calls use with the name of a file that holds the image, in a new folder
// that is removed afterwards; if that fails, once more with one elsewhere.
func (img *Image) asFile(use func(name string) error) error {
	var errs []error
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir()} {
		if dir == "" {
			continue
		}
		err := img.asFileIn(dir, use)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (img *Image) asFileIn(dir string, use func(name string) error) error {
	private, err := os.MkdirTemp(dir, "usandbox-*") // mode 0700, a new name
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	name := private + "/image"
	if err := os.WriteFile(name, img.elf, 0o700); err != nil {
		return err
	}
	return use(name)
}

// start executes the image at path. Its environment is empty. It is
// syscall.StartProcess, not os.StartProcess, which first tries out pidfds with a
// child process of its own, for handles that are not needed here.
func start(path string, files []*os.File, cgroup *os.File) (pid int, err error) {
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fds[i] = ^uintptr(0)
		if f != nil {
			fds[i] = f.Fd()
		}
	}
	attr := &syscall.ProcAttr{Files: fds, Env: []string{}}
	if cgroup != nil {
		attr.Sys = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
	}
	pid, _, err = syscall.StartProcess(path, []string{argv0}, attr)
	runtime.KeepAlive(files)
	runtime.KeepAlive(cgroup)
	if err != nil {
		return 0, &os.PathError{Op: "execute", Path: path, Err: err}
	}
	return pid, nil
}
