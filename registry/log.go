package registry

import "os"

// maxLog is how large a log grows, in bytes, before it becomes the previous one; what
// was that before is gone.
const maxLog = 8 << 20

// Log is the output of a detached sandbox: two files of bounded size.
type Log struct {
	path string
	file *os.File
	size int
}

// NewLog makes the log of e.
func (e *Entry) NewLog() (*Log, error) {
	l := &Log{path: e.Path("log")}
	return l, l.open()
}

func (l *Log) open() (err error) {
	l.size = 0
	l.file, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	return err
}

// Write appends to the log.
func (l *Log) Write(b []byte) (int, error) {
	if l.size > 0 && l.size+len(b) > maxLog {
		l.file.Close()
		if err := os.Rename(l.path, l.path+".1"); err != nil {
			return 0, err
		}
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(b)
	l.size += n
	return n, err
}
