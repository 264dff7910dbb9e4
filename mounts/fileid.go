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
	statxMode      = 24 // the upper half of the word, below the owning group
	statxModeBit   = 32
	statxInode     = 32
	statxDevice    = 136 // two words of 32 bits
	wholeWord      = ^uint64(0)
	deviceMinorBit = 32
)

// identify fails unless what is open as t.src is the file id.
func (t *tree) identify(source string, id FileID) {
	p := t.p
	t.doing(StageSame, source, "check that "+source+" is the file it was")
	t.readStatx(unix.STATX_INO)
	device := uint64(id.Major) | uint64(id.Minor)<<deviceMinorBit
	inode, same := p.Label("same_inode "+source), p.Label("same_file "+source)
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

// needSocket fails unless what is open as t.src is a unix socket. What was looked at before
// may have been replaced meanwhile, in a folder that another sandbox can write to.
func (t *tree) needSocket(source string) {
	t.p.Doing("check that " + source + " is a socket")
	t.readStatx(unix.STATX_TYPE)
	socket := t.p.Label("socket " + source)
	t.p.If(t.statx.At(statxMode), uint64(unix.S_IFMT)<<statxModeBit, uint64(unix.S_IFSOCK)<<statxModeBit, socket)
	t.p.Fail(unix.ENOTSOCK)
	t.p.Here(socket)
}

// readStatx reads what the kernel knows of what is open as t.src.
func (t *tree) readStatx(mask int) {
	if t.statx == nil {
		t.statx = t.p.Buffer("statx", sizeofStatx)
	}
	t.p.Call(unix.SYS_STATX, t.src, "", unix.AT_EMPTY_PATH, mask, t.statx.Addr())
}
