package mounts

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// FileID tells one file or folder from every other that exists at the same time:
// the number of its device and its inode, statx(2). Its zero value is that of no file.
type FileID struct {
	Major, Minor uint32
	Inode        uint64
}

// FileIDOf is the identity of what a file descriptor has open, O_PATH or not.
func FileIDOf(fd int) (FileID, error) {
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_INO, &st); err != nil {
		return FileID{}, fmt.Errorf("look at file descriptor %d: %w", fd, err)
	}
	return FileID{st.Dev_major, st.Dev_minor, st.Ino}, nil
}

// Of struct statx.
const (
	sizeofStatx    = 256
	statxInode     = 32
	statxDevice    = 136 // two words of 32 bits
	wholeWord      = ^uint64(0)
	deviceMinorBit = 32
)

// identify fails unless what is open as t.src is the file id.
func (t *tree) identify(source string, id FileID) {
	p := t.p
	p.Doing("check that " + source + " is the file it was")
	if t.statx == nil {
		t.statx = p.Buffer("statx", sizeofStatx)
	}
	device := uint64(id.Major) | uint64(id.Minor)<<deviceMinorBit
	inode, same := p.Label("same_inode "+source), p.Label("same_file "+source)
	p.Call(unix.SYS_STATX, t.src, "", unix.AT_EMPTY_PATH, unix.STATX_INO, t.statx.Addr())
	for _, x := range []struct {
		offset int
		want   uint64
		then   *launch.Label
	}{{statxInode, id.Inode, inode}, {statxDevice, device, same}} {
		p.If(t.statx.At(x.offset), wholeWord, x.want, x.then)
		p.Fail(unix.ESTALE)
		p.Here(x.then)
	}
}
