package terminal

import (
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Modes are the settings of a terminal, termios(3).
type Modes struct{ termios unix.Termios }

// GetModes are the modes of a terminal, or of the one that belongs to a master.
func GetModes(f *os.File) (Modes, error) { return getModes(int(f.Fd())) }

// SetModes sets them at once. Nothing is waited for and nothing is lost (TCSANOW).
// From the background it stops the process, unless it ignores or blocks SIGTTOU.
func SetModes(f *os.File, m Modes) error { return m.set(int(f.Fd())) }

func getModes(fd int) (Modes, error) {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return Modes{}, os.NewSyscallError("TCGETS", err)
	}
	return Modes{*t}, nil
}

func (m Modes) set(fd int) error {
	return os.NewSyscallError("TCSETS", unix.IoctlSetTermios(fd, unix.TCSETS, &m.termios))
}

// ParseModes are the modes that Bytes has written.
func ParseModes(b []byte) (m Modes, err error) {
	if len(b) != bytesOfModes {
		return m, errors.New("the modes of a terminal have another size")
	}
	t := &m.termios
	for i, flags := range [...]*uint32{&t.Iflag, &t.Oflag, &t.Cflag, &t.Lflag} {
		*flags = binary.NativeEndian.Uint32(b[4*i:])
	}
	t.Line = b[16]
	copy(t.Cc[:], b[17:])
	return m, nil
}

// bytesOfModes is the size of the kernel's struct termios.
const bytesOfModes = 36

// Restore gives a terminal that somebody has left raw its modes back. One that is not
// raw is somebody else's by now, and left alone.
func Restore(f *os.File, m Modes) {
	now, err := GetModes(f)
	if err == nil && now.termios.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) == 0 {
		SetModes(f, m)
	}
}

// Raw are the modes in which every byte goes through as it is, both ways, as
// cfmakeraw(3) has them.
func (m Modes) Raw() Modes {
	t := &m.termios
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return m
}

// Bytes are the modes as the kernel has them, a struct termios of ioctl_tty(2).
func (m Modes) Bytes() []byte {
	t := &m.termios
	b := make([]byte, 0, bytesOfModes)
	for _, flags := range [...]uint32{t.Iflag, t.Oflag, t.Cflag, t.Lflag} {
		b = binary.NativeEndian.AppendUint32(b, flags)
	}
	return append(append(b, t.Line), t.Cc[:19]...)
}
