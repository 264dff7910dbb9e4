package main

import (
	"errors"
	"fmt"
	"os"

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

// openLog opens a file to append to. A symlink is not followed: in a folder that a
// command could write to it may lead to any file of the caller's.
func openLog(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, fmt.Errorf("%s: it is a symlink, which a command may have made; name the file itself", name)
	case errors.Is(err, unix.ENXIO): // a pipe that nobody reads
		return nil, fmt.Errorf("%s: not a regular file", name)
	case err != nil:
		return nil, err
	}
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
