package launch

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// SignalSession sends a signal to the processes of the command's session that /proc shows,
// but for the one that leads it: that is init, where it is not the command.
func (p *Process) SignalSession(sig unix.Signal) {
	p.ended.Lock()
	defer p.ended.Unlock()
	if p.pidfd < 0 {
		return
	}
	command, err := pidOf(p.pidfd)
	if err != nil || command <= 0 {
		return
	}
	session, err := unix.Getsid(command)
	if own, _ := unix.Getsid(0); err != nil || session <= 0 || session == own {
		return
	}
	eachProcess(func(x *processStat) {
		if x.session != session || x.pid == session {
			return
		}
		fd, err := unix.PidfdOpen(x.pid, 0)
		if err != nil {
			return
		}
		defer unix.Close(fd)
		if now, err := unix.Getsid(x.pid); err == nil && now == session { // it is still the one that was seen
			unix.PidfdSendSignal(fd, sig, nil, 0)
		}
	})
}

// processStat is what is needed here of /proc/PID/stat, proc_pid_stat(5).
type processStat struct {
	pid, parent, session int
	started              uint64
	own, reaped          uint64 // processor time, in ticks: the process's, and its children's that were waited for
}

// eachProcess calls f for every process that /proc shows.
func eachProcess(f func(*processStat)) {
	dir, err := os.Open("/proc")
	if err != nil {
		return
	}
	defer dir.Close()
	buf := make([]byte, 1024)
	for {
		names, err := dir.Readdirnames(256)
		for _, name := range names {
			if name[0] < '1' || name[0] > '9' {
				continue
			}
			if x, ok := readStat(name, buf); ok {
				f(&x)
			}
		}
		if err != nil || len(names) == 0 {
			return
		}
	}
}

func readStat(pid string, buf []byte) (x processStat, ok bool) {
	fd, err := unix.Open("/proc/"+pid+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return x, false
	}
	n, err := ignoringEINTR(func() (int, error) { return unix.Read(fd, buf) })
	unix.Close(fd)
	if err != nil {
		return x, false
	}
	return parseStat(buf[:n])
}

// parseStat reads the fields 1, 4, 6, 14 to 17 and 22.
func parseStat(text []byte) (x processStat, ok bool) {
	number, _, _ := bytes.Cut(text, []byte(" "))
	end := bytes.LastIndexByte(text, ')') // the name may hold anything
	if end < 0 {
		return x, false
	}
	pid, err := strconv.Atoi(string(number))
	fields := bytes.Fields(text[end+1:]) // from the third on
	if err != nil || pid <= 0 || len(fields) < 20 {
		return x, false
	}
	var v [20]uint64
	for _, i := range [...]int{1, 3, 11, 12, 13, 14, 19} {
		if v[i], err = strconv.ParseUint(string(fields[i]), 10, 63); err != nil {
			return x, false
		}
	}
	return processStat{pid, int(v[1]), int(v[3]), v[19], v[11] + v[12], v[13] + v[14]}, true
}
