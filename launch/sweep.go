package launch

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// sweeper kills what a command leaves behind, where neither a PID namespace nor a domain of
// signals does: the descendants of outer, which adopts those that are orphaned and waits for
// all. What starts faster than it is killed goes on.
type sweeper struct {
	outer           int // its process id
	outerFD, ending int // pidfds: of outer, and of the command
}

// newSweeper takes both pidfds, for outer has not been waited for yet.
func (p *Process) newSweeper() (*sweeper, error) {
	outer, err := unix.PidfdOpen(p.outer, 0)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	of := p.pidfd
	if of < 0 { // it was killed before it could be sent
		of = outer
	}
	ending, err := unix.FcntlInt(uintptr(of), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		unix.Close(outer)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return &sweeper{p.outer, outer, ending}, nil
}

// run waits for the command's end, and kills what is left until outer has ended.
func (s *sweeper) run() {
	defer unix.Close(s.outerFD)
	defer unix.Close(s.ending)
	ends(-1, s.ending, s.outerFD)
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		left := descendants(s.outer)
		if ends(0, s.outerFD) {
			return // and its number may be another's
		}
		for pid, parent := range left {
			killChild(pid, parent)
		}
		if ends(int(pause/time.Millisecond), s.outerFD) {
			return
		}
	}
}

// ends waits until one of the processes has ended, for some milliseconds; -1: for long.
func ends(milliseconds int, pidfds ...int) bool {
	fds := make([]unix.PollFd, len(pidfds))
	for i, fd := range pidfds {
		fds[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	n, err := ignoringEINTR(func() (int, error) { return unix.Poll(fds, milliseconds) })
	return err != nil || n > 0
}

// killChild kills a process, if it is still a child of parent.
func killChild(pid, parent int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if now, ok := parentOf(strconv.Itoa(pid)); ok && now == parent {
		unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// descendants are the processes below one, with their parents.
func descendants(of int) map[int]int {
	parents := map[int]int{}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if parent, ok := parentOf(name); ok {
				parents[pid] = parent
			}
		}
	}
	below := map[int]int{}
	for pid, parent := range parents {
		for at, steps := parent, 0; at != 0 && steps < len(parents); at, steps = parents[at], steps+1 {
			if at == of {
				below[pid] = parent
				break
			}
		}
	}
	return below
}

// parentOf is the parent of a process, proc_pid_stat(5).
func parentOf(pid string) (int, bool) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, false
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // state, parent
	if len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	return parent, err == nil
}
