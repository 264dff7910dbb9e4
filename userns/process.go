package userns

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/internal/procfs"
)

// Process is a process in a namespace.
type Process struct {
	PID, PPID int    // as /proc numbers them; a PPID of 0: none, or not in this PID namespace
	UID       uint32 // effective, as the caller's user namespace numbers users
	IDs       IDs    // of the kinds that were asked for
}

// scanner reads processes, one after the other.
type scanner struct {
	proc  int // /proc
	which Set
	nsfs  uint64 // the device of namespaces
	text  [1024]byte
	names [32 << 10]byte // directory entries
	fds   [4 << 10]byte
}

// openFD is a file descriptor of a process that is a namespace.
type openFD struct {
	fd    int
	inode uint64
}

// read reads one process through its open folder, so that all of it is of the
// same process. Not ok: it is gone, or the caller may not look into it.
func (s *scanner) read(pid int, open func(openFD)) (p Process, ok bool) {
	dir, err := openat(s.proc, strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return p, false
	}
	defer unix.Close(dir)
	p.PID = pid
	if p.IDs, err = readIDs(dir, s.which); err != nil || p.IDs == (IDs{}) {
		return p, false
	}
	var st unix.Stat_t
	if unix.Fstat(dir, &st) != nil {
		return p, false
	}
	p.UID = st.Uid // of the folder itself it is the effective user, proc(5)
	stat, err := procfs.ParseStat(s.readFile(dir, "stat"))
	if err != nil {
		return p, false
	}
	p.PPID = stat.PPID
	s.openNamespaces(dir, open)
	return p, true
}

// readFile reads a small file; what it returns is overwritten by the next one.
func (s *scanner) readFile(dir int, name string) []byte {
	fd, err := openat(dir, name, unix.O_RDONLY)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, s.text[:])
	if err != nil {
		return nil
	}
	return s.text[:n]
}

// openNamespaces finds the namespaces among a process's file descriptors.
func (s *scanner) openNamespaces(dir int, open func(openFD)) {
	fds, err := openat(dir, "fd", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return
	}
	defer unix.Close(fds)
	numbers(fds, s.fds[:], func(fd int) {
		// Not fstatat(2): that would ask the server of a network file system, and
		// wait for one that does not answer.
		var st unix.Statx_t
		err := unix.Statx(fds, strconv.Itoa(fd), unix.AT_STATX_DONT_SYNC, unix.STATX_INO, &st)
		if err == nil && unix.Mkdev(st.Dev_major, st.Dev_minor) == s.nsfs {
			open(openFD{fd, st.Ino})
		}
	})
}

// Where getdents64(2) has the size of an entry and its name.
const (
	direntSize = 16
	direntName = 19
)

// numbers calls f for each entry of a folder that is a number. It neither sorts
// nor looks at them. An error ends it: a process's folder vanishes with it.
func numbers(dir int, buf []byte, f func(int)) error {
	for {
		n, err := unix.Getdents(dir, buf)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return err
		}
		for rest := buf[:n]; len(rest) > direntName; {
			size := int(binary.NativeEndian.Uint16(rest[direntSize:]))
			if number, ok := decimal(rest[direntName:size]); ok {
				f(number)
			}
			rest = rest[size:]
		}
	}
}

// decimal reads a name of digits that ends at a NUL.
func decimal(name []byte) (int, bool) {
	n := 0
	for i, c := range name {
		if c == 0 {
			return n, i > 0
		}
		if c < '0' || c > '9' || n > 1<<31 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return 0, false
}
