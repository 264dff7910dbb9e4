package registry

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Process is a process that a number alone does not name: the number may be given to
// another.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks from the boot to its start, proc_pid_stat(5)
}

// ProcessOf is the process that has the number pid now.
func ProcessOf(pid int) (Process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Process{}, err
	}
	start, err := parseStart(text)
	if err != nil {
		return Process{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	return Process{pid, start}, nil
}

// parseStart finds the 22nd field. The second, the name, is in parentheses and may
// hold anything.
func parseStart(stat []byte) (uint64, error) {
	end := bytes.LastIndexByte(stat, ')')
	fields := bytes.Fields(stat[end+1:])
	const start = 22 - 3 // the third is the first behind the name
	if end < 0 || len(fields) <= start {
		return 0, errors.New("it has too few fields")
	}
	return strconv.ParseUint(string(fields[start]), 10, 64)
}

// Open is a pidfd of the process; os.ErrProcessDone if it is gone, whoever has its
// number now.
func (p Process) Open() (fd int, err error) {
	if p.PID <= 0 {
		return -1, os.ErrProcessDone
	}
	fd, err = unix.PidfdOpen(p.PID, 0)
	if err == unix.ESRCH {
		return -1, os.ErrProcessDone
	}
	if err != nil {
		return -1, os.NewSyscallError("pidfd_open", err)
	}
	// The pidfd stays with the process that had the number when it was opened.
	if now, err := ProcessOf(p.PID); err != nil || now != p {
		unix.Close(fd)
		return -1, os.ErrProcessDone
	}
	return fd, nil
}
