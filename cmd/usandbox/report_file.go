package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// reportFile is where a report goes: a name in a folder that is held open, or a file descriptor
// that the caller gave.
//
// The folder may be one that the command can write to. So it is found before the command runs, by
// a path without symlinks; nothing in it is opened that was there; the new file has a name
// that cannot be guessed, and takes the place of whatever has the name, a symlink too.
type reportFile struct {
	path   string
	folder int
	name   string // in the folder; empty: the descriptor is meant
	fd     int
}

// openReport finds where --report or --metrics is to go, tries whether it can be written, and
// removes a regular file that has the name, which would be taken for this one's.
func openReport(arg string, kept []int) (*reportFile, error) {
	if number, ok := strings.CutPrefix(arg, "fd:"); ok {
		return openReportFD(number, kept)
	}
	r := &reportFile{path: arg, fd: -1, name: filepath.Base(arg)}
	if arg == "" || strings.HasSuffix(arg, "/") || r.name == "." || r.name == ".." {
		return nil, fmt.Errorf("%q: it is the name of no file", arg)
	}
	var st unix.Stat_t
	err := r.find(filepath.Dir(arg))
	if err != nil {
		return nil, err
	}
	switch err = unix.Fstatat(r.folder, r.name, &st, unix.AT_SYMLINK_NOFOLLOW); {
	case err == unix.ENOENT:
		err = nil
	case err != nil:
		err = &os.PathError{Op: "look at", Path: arg, Err: err}
	case st.Mode&unix.S_IFMT == unix.S_IFLNK:
		err = hinted{fmt.Errorf("%s: it is a symlink, which a command may have made", arg), "name the file itself; for a stream, fd:1 or another number"}
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		err = fmt.Errorf("%s: it is a folder", arg)
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		err = hinted{fmt.Errorf("%s: not a regular file", arg), "open it in the shell, and name the file descriptor: --report fd:3 3>" + arg}
	}
	if err == nil {
		err = r.try()
	}
	if err != nil {
		unix.Close(r.folder)
		return nil, err
	}
	return r, nil
}

func (r *reportFile) find(folder string) (err error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS}
	r.folder, err = unix.Openat2(unix.AT_FDCWD, folder, &how)
	for err == unix.EINTR || err == unix.EAGAIN {
		r.folder, err = unix.Openat2(unix.AT_FDCWD, folder, &how)
	}
	switch err {
	case nil:
		return nil
	case unix.ELOOP:
		text := "there is a symlink on the way, which a command may have made"
		if real, err := filepath.EvalSymlinks(folder); err == nil {
			text += "; name the folder itself, if it is " + real
		}
		return fmt.Errorf("%s: %s", r.path, text)
	}
	return &os.PathError{Op: "open the folder", Path: folder, Err: err}
}

// try makes a file in the folder, and removes it and what has the report's name.
func (r *reportFile) try() error {
	f, temporary, err := r.create()
	if err != nil {
		return err
	}
	f.Close()
	err = errors.Join(unix.Unlinkat(r.folder, temporary, 0))
	if err == nil {
		if err = unix.Unlinkat(r.folder, r.name, 0); err == unix.ENOENT {
			err = nil
		}
	}
	if err != nil {
		return &os.PathError{Op: "replace", Path: r.path, Err: err}
	}
	return nil
}

// create makes a new file with a name that nobody can guess.
func (r *reportFile) create() (*os.File, string, error) {
	name := ".usandbox-" + rand.Text()
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(r.folder, name, flags, 0o666)
	for err == unix.EINTR {
		fd, err = unix.Openat(r.folder, name, flags, 0o666)
	}
	if err != nil {
		return nil, "", &os.PathError{Op: "make a file beside", Path: r.path, Err: err}
	}
	return os.NewFile(uintptr(fd), r.path), name, nil
}

// write writes all of the report, or nothing; to a descriptor by one write(2), if that takes it.
func (r *reportFile) write(text []byte) error {
	if r.name == "" {
		return r.writeFD(text)
	}
	f, temporary, err := r.create()
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync() // a machine that fails leaves the whole of it, or nothing
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		if err = unix.Renameat(r.folder, temporary, r.folder, r.name); err != nil {
			err = &os.PathError{Op: "replace", Path: r.path, Err: err}
		}
	}
	if err != nil {
		unix.Unlinkat(r.folder, temporary, 0)
	}
	return err
}

// takenFDs are the file descriptors that were taken already.
var takenFDs = map[int]bool{}

// same reports whether two reports go to one place, so that one would be lost, or they would be mixed.
func (r *reportFile) same(as *reportFile) bool {
	if r.name == "" || as.name == "" {
		return r.name == as.name && r.fd == as.fd
	}
	var a, b unix.Stat_t
	return r.name == as.name && unix.Fstat(r.folder, &a) == nil && unix.Fstat(as.folder, &b) == nil && a.Dev == b.Dev && a.Ino == b.Ino
}

// openReportFD takes the number of a file descriptor that can be written to, and that the command
// does not get; 1 and 2 are the caller's to give to both.
func openReportFD(number string, kept []int) (*reportFile, error) {
	n, err := strconv.ParseUint(number, 10, 31) // the kernel would take the lower half of more
	if err != nil || n < 1 {
		return nil, fmt.Errorf("fd:%s: want a number from 1 on", number)
	}
	fd := int(n)
	for _, k := range kept {
		if k == fd {
			return nil, fmt.Errorf("fd:%d: the command gets it by --keep-fd, and could write what looks like a report", fd)
		}
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || fd > 2 && flags&unix.FD_CLOEXEC != 0 && !takenFDs[fd] { // close-on-exec: it is usandbox's own
		return nil, fmt.Errorf("fd:%d is not an open file descriptor", fd)
	}
	mode, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || mode&unix.O_ACCMODE == unix.O_RDONLY || mode&unix.O_PATH != 0 {
		return nil, fmt.Errorf("fd:%d is not open for writing", fd)
	}
	if fd > 2 {
		unix.CloseOnExec(fd) // no helper gets it
		takenFDs[fd] = true
	}
	return &reportFile{path: "fd:" + number, fd: fd}, nil
}

func (r *reportFile) writeFD(text []byte) error {
	for len(text) > 0 {
		n, err := unix.Write(r.fd, text)
		switch err {
		case nil:
			text = text[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			unix.Poll([]unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLOUT}}, -1)
		default:
			return &os.PathError{Op: "write", Path: r.path, Err: err}
		}
	}
	return nil
}
