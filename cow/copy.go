package cow

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// copyContent copies a file's contents: as a reflink where the file system has them,
// else without filling its holes.
func copyContent(to, from *os.File) error {
	if unix.IoctlFileClone(int(to.Fd()), int(from.Fd())) == nil {
		return nil
	}
	info, err := from.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if err := unix.Ftruncate(int(to.Fd()), size); err != nil {
		return err
	}
	for at := int64(0); at < size; {
		start, err := unix.Seek(int(from.Fd()), at, unix.SEEK_DATA)
		if err == unix.ENXIO { // only a hole is left
			return nil
		}
		end := size
		if err == nil {
			if end, err = unix.Seek(int(from.Fd()), start, unix.SEEK_HOLE); err != nil {
				return err
			}
		} else {
			start = at
		}
		if err := copyRange(to, from, start, min(end, size)); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// copyRange copies the bytes from start to end.
func copyRange(to, from *os.File, start, end int64) error {
	for in, out := start, start; in < end; {
		n, err := unix.CopyFileRange(int(from.Fd()), &in, int(to.Fd()), &out, int(min(end-in, 1<<30)), 0)
		if n > 0 {
			continue
		}
		if err == unix.EINTR {
			continue
		}
		if err == nil || errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
			_, err := io.Copy(io.NewOffsetWriter(to, out), io.NewSectionReader(from, in, end-in))
			return err
		}
		return err
	}
	return nil
}

// setXattrs gives something of the host the attributes that it is to have, and no
// other that counts. Those of overlayfs's own are not touched.
func setXattrs(fd int, want map[string][]byte) error {
	have, _, err := xattrs(fd, false)
	if err != nil {
		return err
	}
	name := procFD(fd)
	for _, x := range compareXattrs(have, want) {
		if strings.HasPrefix(x.Name, overlayPrefix) {
			continue
		}
		if x.New == nil && !hasKey(want, x.Name) {
			err = unix.Removexattr(name, x.Name)
		} else if err = unix.Setxattr(name, x.Name, x.New, 0); err != nil {
			err = fmt.Errorf("set the attribute %q: %w", x.Name, err)
		}
		if err != nil && err != unix.ENODATA {
			return err
		}
	}
	return nil
}

func hasKey(m map[string][]byte, key string) bool { _, ok := m[key]; return ok }

// chmod sets the mode of a file in its place.
func (a *applier) chmod(c *Change) error {
	parent, base, err := a.parent(c)
	if err != nil {
		return err
	}
	fd, err := openBeneath(parent, base, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return parentError(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if now := identify(&st); !a.o.Force && (!c.host.unwritten(now) || now.ctime != c.host.ctime) {
		return conflictError(changedOnHost)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return conflictError(changedOnHost)
	}
	return unix.Chmod(procFD(fd), a.mode(c))
}
