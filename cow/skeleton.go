package cow

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// budget is what may still be copied for a run.
type budget struct {
	files int
	bytes int64
}

// makeSkeleton makes the lower layer of a folder that was split: copies of the files
// that lie directly in it, and empty folders, over which the other layers are mounted.
// Sockets and devices are left out.
func (l *Layer) makeSkeleton(left *budget) error {
	if err := os.Mkdir(l.lower, os.FileMode(l.Mode&0o777)|0o700); err != nil {
		return err
	}
	list, err := os.ReadDir(l.Dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		from, to := filepath.Join(l.Dir, e.Name()), filepath.Join(l.lower, e.Name())
		var st unix.Stat_t
		if err := unix.Lstat(from, &st); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		if left.files--; left.files < 0 {
			return &SplitError{l.Part, l.Dir, fmt.Sprintf("more than %d files lie on the way", maxCopied)}
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			err = os.Mkdir(to, 0o700)
		case unix.S_IFREG:
			if left.bytes -= st.Size; left.bytes < 0 {
				return &SplitError{l.Part, l.Dir, fmt.Sprintf("files of more than %d MiB lie on the way", maxCopiedSize>>20)}
			}
			err = copyFile(from, to, st.Size)
		case unix.S_IFLNK:
			var text string
			if text, err = os.Readlink(from); err == nil {
				err = os.Symlink(text, to)
			}
		case unix.S_IFIFO:
			err = unix.Mkfifo(to, 0o600)
		default:
			continue
		}
		if err == nil && st.Mode&unix.S_IFMT != unix.S_IFLNK {
			err = unix.Chmod(to, st.Mode&0o1777)
		}
		if err == nil {
			err = unix.UtimesNanoAt(unix.AT_FDCWD, to, []unix.Timespec{st.Atim, st.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
		}
		if err != nil {
			return fmt.Errorf("copy %s, which lies on the way to a mount: %w", from, err)
		}
	}
	return nil
}

// copyFile copies a regular file's contents, at most size bytes, to a new file. The kernel
// shares the blocks where it can.
func copyFile(from, to string, size int64) error {
	fd, err := unix.Open(from, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	in := os.NewFile(uintptr(fd), from)
	defer in.Close()
	if info, err := in.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.Join(err, errors.New("it was replaced just now"))
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, io.LimitReader(in, size)); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
