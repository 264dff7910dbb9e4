package escape

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

var terminals = []attack{{
	name:    "type into the caller's terminal",
	tries:   "TIOCSTI and TIOCLINUX on the terminal, also with high bits set in the request, TIOCSCTTY, and by a new open of it",
	defence: "the filter compares the low 32 bits of the request; the kernel refuses TIOCSTI to another session",
	inside: func(p *prisoner) {
		const sti, linux = 0x5412, 0x541c
		no := []error{unix.EPERM, unix.EACCES, unix.EIO, unix.ENOTTY, unix.EINVAL}
		text := []byte("x\n")
		fds := []int{0}
		for _, name := range []string{"/proc/self/fd/0", "/dev/tty", "/dev/console"} {
			if fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0); err == nil {
				fds = append(fds, fd)
			}
		}
		for _, fd := range fds {
			for _, high := range []uintptr{0, 1 << 32, 1 << 63, 0xffffffff << 32} {
				for i := range text {
					p.refused("TIOCSTI", call(unix.SYS_IOCTL, uintptr(fd), sti|high, uintptr(unsafe.Pointer(&text[i]))), no...)
				}
				selection := [12]byte{2}
				p.refused("TIOCLINUX", call(unix.SYS_IOCTL, uintptr(fd), linux|high, uintptr(unsafe.Pointer(&selection))), no...)
			}
		}
	},
	outside: func(s *scene) {
		master, slave := openTerminal(s)
		defer master.Close()
		defer slave.Close()
		s.cmd.Stdin = slave
		s.launch()
		if waiting, err := unix.IoctlGetInt(int(slave.Fd()), unix.TIOCINQ); err != nil || waiting != 0 {
			s.Errorf("%d bytes wait to be read, %v", waiting, err)
		}
	},
}}

// openTerminal is a pseudo-terminal with nobody at it.
func openTerminal(s *scene) (master, slave *os.File) {
	s.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	s.must(err)
	s.must(unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	s.must(err)
	slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	s.must(err)
	return master, slave
}
