// Package ending waits for the end of sandboxes that were killed. A lock of theirs may be
// free before their last process is gone.
package ending

import (
	"encoding/binary"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a sandbox that was killed may take to be gone.
const patience = 5 * time.Second

// Record writes, at the beginning of a lock's file, the process id of the one of a
// sandbox's processes after the end of which nothing of it is left: 8 bytes,
// little-endian.
func Record(lock *os.File, pid int) error {
	_, err := lock.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(pid)), 0)
	return err
}

// Await waits until the process that the file names is gone, at most 5 seconds. Not
// gone: it lives on, or the number is another process's by now. It needs Linux 5.3.
func Await(lock *os.File) (gone bool) {
	var b [8]byte
	if n, _ := lock.ReadAt(b[:], 0); n != len(b) {
		return true
	}
	pid := int(int32(binary.LittleEndian.Uint64(b[:])))
	if pid <= 0 {
		return true
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return true
	}
	defer unix.Close(pidfd)
	if name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); err != nil || string(name) != "usandbox\n" {
		return true
	}
	end := time.Now().Add(patience)
	for {
		left := time.Until(end).Milliseconds()
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(max(left, 0)))
		if err == unix.EINTR && left > 0 {
			continue
		}
		return n > 0
	}
}
