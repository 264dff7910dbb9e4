package procfs

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrElsewhere says that the proc on /proc has no number for a process: it belongs to
// another PID namespace, and the process is not in that.
var ErrElsewhere = errors.New("/proc belongs to another PID namespace: mount one of your own")

// Number is the number that the process pid, as the calling process counts, has in the
// proc on /proc. It is another one where that belongs to a PID namespace above the
// calling process's: there pid may be anybody's. Linux 5.4, for pidfds.
func Number(pid int) (int, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, fmt.Errorf("look for process %d: %w", pid, err)
	}
	defer unix.Close(pidfd)
	return NumberOf(pidfd)
}

// NumberOf is Number for a process that is given by a pidfd. The error wraps
// [ErrElsewhere], also if the process has ended.
func NumberOf(pidfd int) (int, error) {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(pidfd))
	if err != nil {
		return 0, fmt.Errorf("%w (%w)", ErrElsewhere, err)
	}
	_, after, _ := strings.Cut(string(text), "Pid:")
	line, _, _ := strings.Cut(after, "\n")
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || n <= 0 {
		return 0, ErrElsewhere
	}
	return n, nil
}
