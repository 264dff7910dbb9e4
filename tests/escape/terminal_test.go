package escape

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/terminal"
)

var ownTerminals = []attack{
	{
		name:    "caller's terminal",
		tries:   "find the terminal of the caller, type into it (TIOCSTI, TIOCLINUX), take it, change its modes",
		defence: "a terminal of the sandbox's own; no descriptor and no name of the caller's",
		under:   []string{build, asRoot, ranges, allCaps, nested, other, bare}, // what enters has a terminal of its own client's
		ours:    "it has no terminal of its own to give",
		inside:  reachTerminal,
		outside: func(s *scene) {
			master, slave, err := terminal.Open()
			s.must(err)
			defer master.Close()
			defer slave.Close()
			before, err := terminal.GetModes(slave)
			s.must(err)
			s.cmd.Terminal = &sandbox.Terminal{Outside: slave, Modes: before, Prepare: func(own *os.File) error {
				s.Cleanup(func() { own.Close() })
				return nil
			}}
			s.launch()
			after, err := terminal.GetModes(slave)
			if err != nil || after != before {
				s.Errorf("the modes have changed: %v", err)
			}
			for what, f := range map[string]*os.File{"typed": slave, "printed": master} {
				buf := make([]byte, 100)
				s.must(unix.SetNonblock(int(f.Fd()), true))
				if n, err := unix.Read(int(f.Fd()), buf); err != unix.EAGAIN {
					s.Errorf("%s: %q, %v", what, buf[:max(n, 0)], err)
				}
			}
		},
	},
}

// reachTerminal looks at every way to a terminal.
func reachTerminal(p *prisoner) {
	var own, st unix.Stat_t
	p.worked("stat /dev/pts/0", unix.Stat("/dev/pts/0", &own))
	same := func(what string, err error) {
		p.worked(what, err)
		if st.Dev != own.Dev || st.Ino != own.Ino || st.Rdev != own.Rdev {
			p.bad("%s: it is not the sandbox's own terminal: %+v", what, st)
		}
	}
	same("/dev/console", unix.Stat("/dev/console", &st))
	list, err := os.ReadDir("/dev/pts")
	p.worked("read /dev/pts", err)
	if len(list) != 2 {
		p.bad("/dev/pts has %v", list)
	}
	found := 0
	for _, fd := range p.open {
		if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err == nil {
			same("an open descriptor", unix.Fstat(fd, &st))
			found++
		}
	}
	if found == 0 {
		p.bad("there is no terminal")
	}
	tty, err := unix.Open("/dev/tty", unix.O_RDWR, 0)
	p.worked("open /dev/tty", err)
	for _, fd := range []int{0, tty} {
		for _, c := range []byte("echo typed\r") { // into its own, where the kernel lets it: nobody else reads that
			unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCSTI, uintptr(unsafe.Pointer(&c)))
		}
		subcode := [2]byte{2, 0} // TIOCL_SETSEL
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCLINUX, uintptr(unsafe.Pointer(&subcode)))
		p.refused("TIOCLINUX", errno, unix.ENOTTY, unix.EINVAL, unix.EPERM)
		// The low 32 bits are what the kernel looks at.
		c := byte('x')
		unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCSTI|1<<32, uintptr(unsafe.Pointer(&c)))
		modes, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		p.worked("TCGETS", err)
		modes.Lflag, modes.Oflag = 0, 0
		p.worked("TCSETS", unix.IoctlSetTermios(fd, unix.TCSETS, modes))
	}
	unix.Write(tty, []byte("\x1b]52;c;aGk=\a"))
}
