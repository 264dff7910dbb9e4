package relay

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// reserve is how many descriptors the relay leaves to the rest of the process.
const reserve = 96

// fit lowers limits to what RLIMIT_NOFILE, setrlimit(2), leaves room for. (The runtime of Go has
// raised the soft limit to the hard one by then.)
func (l *Limits) fit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("start the relay: read RLIMIT_NOFILE: %w", err)
	}
	return l.fitInto(int(min(limit.Cur, 1<<20)), openFiles())
}

func (l *Limits) fitInto(files, used int) error {
	free := files - files/8 - used - reserve
	if free < 64 {
		return &StartError{fmt.Errorf("start the relay: at most %d open files (ulimit -n) are too few", files), "ulimit -n 1024"}
	}
	// A flow needs one; a connection two; a look-up two for a moment; an attempt to connect
	// beside another, one; and one more for a moment when it is done.
	l.Flows = min(l.Flows, free/8)
	l.Dials = min(l.Dials, free/16)
	l.Connections = min(l.Connections, (free-l.Flows-5*l.Dials)/2)
	return nil
}

// openFiles counts the descriptors of this process.
func openFiles() int {
	d, err := os.Open("/proc/self/fd")
	if err != nil {
		return 64
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return 64
	}
	return len(names)
}
