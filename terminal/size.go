package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// Size is what a terminal shows, in characters and in pixels (0: not known), as
// TIOCGWINSZ has it.
type Size struct {
	Rows, Cols    uint16
	Width, Height uint16
}

// GetSize is the size of a terminal, or of the one that belongs to a master.
func GetSize(f *os.File) (Size, error) { return getSize(int(f.Fd())) }

// SetSize sets it. Who is in the terminal's foreground gets SIGWINCH if it has
// changed.
func SetSize(f *os.File, s Size) error { return setSize(int(f.Fd()), s) }

func getSize(fd int) (Size, error) {
	w, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil {
		return Size{}, os.NewSyscallError("TIOCGWINSZ", err)
	}
	return Size{w.Row, w.Col, w.Xpixel, w.Ypixel}, nil
}

func setSize(fd int, s Size) error {
	w := unix.Winsize{Row: s.Rows, Col: s.Cols, Xpixel: s.Width, Ypixel: s.Height}
	return os.NewSyscallError("TIOCSWINSZ", unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &w))
}
