package registry

import (
	"os"

	"golang.org/x/sys/unix"
)

// maxLog is how large a log grows, in bytes, before it becomes the previous one; what
// was that before is gone.
const maxLog = 8 << 20

// Log is the output of a detached sandbox: two files of bounded size.
type Log struct {
	entry *Entry
	file  *os.File // nil: the last try to make it failed
	size  int
}

// NewLog makes the log of e, which this process has claimed.
func (e *Entry) NewLog() (*Log, error) {
	l := &Log{entry: e}
	return l, l.open()
}

func (l *Log) open() (err error) {
	l.size = 0
	l.file, err = l.entry.create("log")
	return err
}

// Write appends to the log.
func (l *Log) Write(b []byte) (int, error) {
	if l.file != nil && l.size > 0 && l.size+len(b) > maxLog {
		l.file.Close()
		l.file = nil
		dir := int(l.entry.folder.Fd())
		if err := unix.Renameat(dir, "log", dir, "log.1"); err != nil {
			return 0, os.NewSyscallError("renameat", err)
		}
	}
	if l.file == nil {
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(b)
	l.size += n
	return n, err
}

// OpenLog opens the log, or with previous the one before it, for reading.
func (e *Entry) OpenLog(previous bool) (*os.File, error) {
	if previous {
		return e.open("log.1")
	}
	return e.open("log")
}
