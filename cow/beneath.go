package cow

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// beneath keeps a path below the folder that it begins at: no symlink is followed, no
// mount point is crossed. See openat2(2).
const beneath = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV

// openBeneath opens a path below a folder. While anyone renames anything, the kernel
// may not be sure that the path stays below (EAGAIN): it is tried again, not for ever.
func openBeneath(dir int, name string, flags int) (fd int, err error) {
	how := unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Resolve: beneath}
	for range 10000 {
		fd, err = unix.Openat2(dir, name, &how)
		if err != unix.EAGAIN && err != unix.EINTR {
			break
		}
	}
	return fd, err
}

// openFolder opens a folder below another one with O_PATH.
func openFolder(dir int, name string) (int, error) {
	return openBeneath(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW)
}

// openFile opens what is, and is known to be, a regular file, for reading. What it is
// is looked at before it is opened: opening a FIFO or a device can have effects.
func openFile(dir int, name string) (*os.File, error) {
	fd, err := openBeneath(dir, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return reopen(fd, name)
}

// reopen opens for reading what fd, opened with O_PATH, refers to: a regular file.
func reopen(fd int, name string) (*os.File, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("it is a %s", TypeName(st.Mode))
	}
	file, err := unix.Open(procFD(fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(file), name), nil
}

// procFD is a name for what is open. It is the object itself, not its path.
func procFD(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// look is what lies under a name, one component, in a folder. A symlink is not followed.
func look(dir int, name string) (st unix.Stat_t, found bool, err error) {
	err = unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == unix.ENOENT {
		return st, false, nil
	}
	return st, err == nil, err
}

// list are the names in a folder that may be open with O_PATH, sorted.
func list(dir int) (names []string, err error) {
	fd, err := unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	buf := make([]byte, 32<<10)
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if n <= 0 {
			slices.Sort(names)
			return names, nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

// readlink is the text of a symlink in a folder.
func readlink(dir int, name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dir, name, buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// cutPath is the folder and the last component of a path below a folder.
func cutPath(name string) (dir, base string) { return path.Dir(name), path.Base(name) }
