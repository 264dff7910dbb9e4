package mounts

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// FileID tells a file or folder from every other that exists at the time: the
// numbers of its device and its inode, stat(2).
type FileID struct {
	Dev, Ino uint64
}

// IDOf is the FileID of what a stat(2) was about.
func IDOf(st *unix.Stat_t) FileID { return FileID{uint64(st.Dev), st.Ino} }

// Where the numbers are in a struct statx, statx(2).
const (
	statxSize  = 256
	statxIno   = 32
	statxMajor = 136
	statxMinor = 140
)

// isSource appends: t.src is exactly the file of id, or the launch fails with
// ESTALE. What the path leads to now may be another than what was looked at.
func (t *tree) isSource(id FileID) {
	p := t.p
	st := p.Buffer("statx", statxSize)
	ino, major, minor := p.Label("same_inode"), p.Label("same_major"), p.Label("same_device")
	p.Call(unix.SYS_STATX, t.src, "", unix.AT_EMPTY_PATH, unix.STATX_INO, st.Addr())
	for _, x := range []struct {
		at    int
		mask  uint64
		want  uint64
		equal *launch.Label
	}{
		{statxIno, ^uint64(0), id.Ino, ino},
		{statxMajor, 0xffffffff, uint64(unix.Major(id.Dev)), major},
		{statxMinor, 0xffffffff, uint64(unix.Minor(id.Dev)), minor},
	} {
		p.If(st.At(x.at), x.mask, x.want, x.equal)
		p.Fail(unix.ESTALE)
		p.Here(x.equal)
	}
}
