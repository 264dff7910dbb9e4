package userns

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// ErrNotNamespace says that a file is not one of a namespace: it is not in nsfs.
var ErrNotNamespace = errors.New("not a namespace")

// Handle is an open namespace: a file descriptor of nsfs, which is close-on-exec.
// It keeps the namespace alive, also when no process is in it, until Close. It is
// made by [Open], [OpenOf], [NewHandle], [Handle.Owner], [Handle.Parent] and
// [Namespace.Open].
//
// See namespaces(7) and ioctl_ns(2). Linux 4.11.
type Handle struct {
	fd    int
	kind  Kind
	inode uint64
}

// Open opens the namespace that a file is: /proc/PID/ns/KIND, or a file on which
// that has been mounted to keep the namespace. Symlinks are followed. A file that
// is no namespace is not opened, only looked at (O_PATH), and the error wraps
// [ErrNotNamespace]. Other errors wrap that of the file: fs.ErrNotExist when there is
// no such file or process, fs.ErrPermission when the caller may not look into the
// process (PTRACE_MODE_READ, ptrace(2)).
//
// It needs a proc on /proc.
func Open(path string) (*Handle, error) {
	seen, err := openat(unix.AT_FDCWD, path, unix.O_PATH)
	if err != nil {
		return nil, fmt.Errorf("open namespace %s: %w", path, err)
	}
	defer unix.Close(seen)
	h, err := reopen(seen)
	if err != nil {
		return nil, fmt.Errorf("open namespace %s: %w", path, err)
	}
	return h, nil
}

// OpenOf opens the namespace of a kind that a process is in; pid 0 is the calling
// thread. Errors are those of [Open].
func OpenOf(pid int, k Kind) (*Handle, error) {
	return Open(procPath(pid) + "/ns/" + k.String())
}

// NewHandle makes a Handle of a file descriptor, which is the Handle's from then
// on; when there is an error, it stays the caller's. A file descriptor that is no
// namespace's is [ErrNotNamespace].
func NewHandle(fd int) (*Handle, error) {
	if err := isNamespace(fd); err != nil {
		return nil, err
	}
	flag, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return nil, fmt.Errorf("ask for the kind of a namespace: %w", err)
	}
	k, ok := kindOf(uint64(flag))
	if !ok {
		return nil, fmt.Errorf("the kind of a namespace is %#x: %w", flag, errors.ErrUnsupported)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("look at a namespace: %w", err)
	}
	return &Handle{fd: fd, kind: k, inode: st.Ino}, nil
}

// Kind is the namespace's kind.
func (h *Handle) Kind() Kind { return h.kind }

// Inode is the number by which /proc/PID/ns, lsns(8) and this package name the
// namespace. A number is used again when its namespace is gone.
func (h *Handle) Inode() uint64 { return h.inode }

// Fd is the file descriptor. It is the Handle's: not to be closed, and not valid
// after Close.
func (h *Handle) Fd() int { return h.fd }

// String is the namespace as /proc/PID/ns shows it: "net:[4026531833]".
func (h *Handle) String() string { return name(h.kind, h.inode) }

// Close closes the file descriptor. A second Close is [unix.EBADF].
func (h *Handle) Close() error {
	fd := h.fd
	h.fd = -1
	return unix.Close(fd)
}

// Owner opens the user namespace that owns h; of a user namespace that is its
// parent. The caller closes it. fs.ErrPermission: it is neither the caller's own
// user namespace nor one below it, or there is none. Linux 4.9.
func (h *Handle) Owner() (*Handle, error) { return h.related(unix.NS_GET_USERNS, "owner") }

// Parent opens the parent of a user or PID namespace. The caller closes it.
// fs.ErrPermission: it is outside of what the caller sees, or there is none.
// [unix.EINVAL]: the kind has no parents. Linux 4.9.
func (h *Handle) Parent() (*Handle, error) { return h.related(unix.NS_GET_PARENT, "parent") }

func (h *Handle) related(request uint, what string) (*Handle, error) {
	fd, err := unix.IoctlRetInt(h.fd, request) // close-on-exec, ns_ioctl() of the kernel
	if err != nil {
		return nil, fmt.Errorf("open the %s of %v: %w", what, h, err)
	}
	other, err := NewHandle(fd)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open the %s of %v: %w", what, h, err)
	}
	return other, nil
}

// OwnerUID is the user who made a user namespace, as the caller's user namespace
// numbers users: 65534 if it has no number for that one, user_namespaces(7). For
// another kind it is that of the user namespace that owns it, with the errors of
// [Handle.Owner]. Linux 4.11.
func (h *Handle) OwnerUID() (uint32, error) {
	if h.kind != User {
		owner, err := h.Owner()
		if err != nil {
			return 0, err
		}
		defer owner.Close()
		return owner.OwnerUID()
	}
	uid, err := unix.IoctlGetUint32(h.fd, unix.NS_GET_OWNER_UID)
	if err != nil {
		return 0, fmt.Errorf("ask who made %v: %w", h, err)
	}
	return uid, nil
}

// reopen opens for use what an O_PATH file descriptor refers to, if that is a
// namespace. Opening anything else could wait for ever or have an effect.
func reopen(seen int) (*Handle, error) {
	if err := isNamespace(seen); err != nil {
		return nil, err
	}
	fd, err := openat(unix.AT_FDCWD, "/proc/thread-self/fd/"+strconv.Itoa(seen), unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	h, err := NewHandle(fd)
	if err != nil {
		unix.Close(fd)
	}
	return h, err
}

func isNamespace(fd int) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return fmt.Errorf("look at a file descriptor: %w", err)
	}
	if fs.Type != unix.NSFS_MAGIC {
		return ErrNotNamespace
	}
	return nil
}

// kindOf is the kind of a CLONE_NEW* flag.
func kindOf(flag uint64) (Kind, bool) {
	for k := range Kind(kinds) {
		if k.Flag() == flag {
			return k, true
		}
	}
	return 0, false
}

func name(k Kind, inode uint64) string {
	return k.String() + ":[" + strconv.FormatUint(inode, 10) + "]"
}

// openat is openat(2), close-on-exec, repeated when a signal interrupts it.
func openat(dir int, path string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, path, flags|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// procPath is a process's folder; pid 0 is the calling thread, which the caller
// has to keep.
func procPath(pid int) string {
	if pid == 0 {
		return "/proc/thread-self"
	}
	return "/proc/" + strconv.Itoa(pid)
}
