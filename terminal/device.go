package terminal

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Is reports whether a file descriptor is a terminal, as isatty(3) has it.
func Is(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Master checks that f is the master of a pseudo-terminal, pty(7), and not any
// other file that a process which is not trusted has sent.
func Master(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != unix.Mkdev(5, 2) {
		return fmt.Errorf("not the master of a pseudo-terminal")
	}
	if _, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPTN); err != nil {
		return fmt.Errorf("not the master of a pseudo-terminal: %w", err)
	}
	return nil
}

// Peer opens the terminal that belongs to a master. As long as it is open, reading
// the master does not fail with EIO. Linux 4.13.
func Peer(master *os.File) (*os.File, error) {
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, master.Fd(), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return nil, os.NewSyscallError("TIOCGPTPEER", errno)
	}
	return os.NewFile(fd, "terminal"), nil
}

// Open makes a pseudo-terminal in the caller's devpts(5) and opens both ends.
func Open() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, &os.PathError{Op: "open", Path: "/dev/ptmx", Err: err}
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		slave, err = Peer(master)
	}
	if err != nil {
		master.Close()
		return nil, nil, fmt.Errorf("open a pseudo-terminal: %w", err)
	}
	return master, slave, nil
}

// Foreground reports whether the calling process may use a terminal: it is in the
// foreground of its session, or the terminal is not its session's at all.
func Foreground(f *os.File) bool { return foreground(int(f.Fd())) }

func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
