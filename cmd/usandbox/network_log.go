package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/network/relay"
)

// openLogs opens the files of --net-log and --dns-log, before the sandbox is made. What
// they hold already is kept.
func (n *networkFlags) openLogs(o *relay.Options) error {
	if n.netLog != "" {
		f, err := openLog(n.netLog)
		if err != nil {
			return flagError("net-log", err)
		}
		o.Log = f
	}
	if n.dnsLog == "" {
		return nil
	}
	f, err := openLog(n.dnsLog)
	if err != nil {
		return flagError("dns-log", err)
	}
	o.DNSLog = f
	return nil
}

// openLog opens a file to append to. No symlink on the way is followed: in a folder that a
// command could write to it may lead to any file of the caller's, or any folder.
func openLog(name string) (*os.File, error) {
	how := unix.OpenHow{
		Flags: unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC,
		Mode:  0o600, Resolve: unix.RESOLVE_NO_SYMLINKS,
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &how)
	for err == unix.EINTR || err == unix.EAGAIN {
		fd, err = unix.Openat2(unix.AT_FDCWD, name, &how)
	}
	switch err {
	case nil:
	case unix.ELOOP:
		if info, err := os.Lstat(name); err == nil && info.Mode()&os.ModeSymlink != 0 {
			return nil, fmt.Errorf("%s: it is a symlink, which a command may have made; name the file itself", name)
		}
		text := "there is a symlink on the way, which a command may have made"
		if real, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
			text += "; name the folder itself, if it is " + real
		}
		return nil, fmt.Errorf("%s: %s", name, text)
	case unix.ENXIO: // a pipe that nobody reads
		return nil, fmt.Errorf("%s: not a regular file", name)
	default:
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	f := os.NewFile(uintptr(fd), name)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
