package launch

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a started image.
type Process struct {
	img     *Image
	outer   int // process id
	control int // our end of the control socket, and the lifeline: closed, everything inside is killed
	pidfd   int // the command; -1: none was given

	handedOver int // see TakeHandedOver; -1: none

	requests *requests // nil: nothing can be entered

	reading   sync.Mutex // held to read records, and for these
	accounted []byte     // the last record of an account
	inodes    []uint64
	io        string

	ended sync.Mutex // held to use or close these; after Wait they are -1
}

// State is how a command ended.
type State struct {
	Status unix.WaitStatus // the command's own
	User   time.Duration   // processor time of everything in the sandbox that was waited for
	System time.Duration
	MaxRSS int64 // largest resident set of one process, in bytes

	Account *Account // nil: Program.KeepAccount was not called
}

// Pid is the process id of outer: the process whose end is the sandbox's end.
func (p *Process) Pid() int { return p.outer }

// Signal sends a signal to the command. os.ErrProcessDone after its end.
func (p *Process) Signal(sig unix.Signal) error {
	p.ended.Lock()
	defer p.ended.Unlock()
	return signalPidfd(p.pidfd, sig, false)
}

// SignalGroup sends a signal to the command's process group, as a terminal does; to the command
// alone, if it has left the group, and nothing else is in it.
func (p *Process) SignalGroup(sig unix.Signal) error {
	p.ended.Lock()
	defer p.ended.Unlock()
	return signalPidfd(p.pidfd, sig, true)
}

// signalPidfd sends a signal to a process, or to its process group, which it leads.
func signalPidfd(pidfd int, sig unix.Signal, group bool) error {
	if pidfd < 0 {
		return os.ErrProcessDone
	}
	flags := 0
	if group {
		flags = pidfdProcessGroup
	}
	err := unix.PidfdSendSignal(pidfd, sig, nil, flags)
	if err == unix.EINVAL && group {
		// The process leads its group, so the group's number is its own, as long as it
		// is not reaped: it is asked for anew each time.
		var pid int
		if pid, err = pidOf(pidfd); err == nil && pid > 0 {
			err = unix.Kill(-pid, sig)
		}
	}
	if err == unix.ESRCH && group {
		err = unix.PidfdSendSignal(pidfd, sig, nil, 0)
	}
	if err == unix.ESRCH {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("pidfd_send_signal", err)
}

// pidOf is the process id that a pidfd refers to, as seen from here; -1 after its
// end. It is in /proc/self/fdinfo, proc_pid_fdinfo(5).
func pidOf(pidfd int) (int, error) {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(pidfd))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "Pid:")
	line, _, _ := strings.Cut(after, "\n")
	return strconv.Atoi(strings.TrimSpace(line))
}

// Kill ends the sandbox: outer finds its lifeline closed and kills everything
// inside. [Process.Wait] returns when all of it is gone.
func (p *Process) Kill() {
	p.ended.Lock()
	defer p.ended.Unlock()
	unix.Shutdown(p.control, unix.SHUT_RDWR)
}

// close gives the file descriptors back, under the lock: their numbers may
// belong to something else at once.
func (p *Process) close() {
	p.ended.Lock()
	defer p.ended.Unlock()
	unix.Close(p.control)
	if p.pidfd >= 0 {
		unix.Close(p.pidfd)
	}
	if p.handedOver >= 0 {
		unix.Close(p.handedOver)
	}
	p.control, p.pidfd, p.handedOver = -1, -1, -1
}

// What init tells outer, and outer its caller: a kind, and for the command's stop
// or end the raw wait status and a struct rusage.
const (
	recordPidfd      = 2 // the command's pidfd comes with it
	recordCommand    = 3
	recordFailed     = 4 // in place: the sandbox could not be set up
	recordNoPidfd    = 5 // in place: there is none
	recordHandedOver = 6 // what the command hands over comes with it
	recordTerminal   = 7 // the master of the command's terminal comes with it
	recordSockets    = 8 // the sockets of HandSockets come with it
	recordBytes      = 8 + 8 + 144
)

// Wait waits until the sandbox has ended and nothing of it is left. It is to be
// called once.
func (p *Process) Wait() (State, error) {
	var state State
	var ws unix.WaitStatus
	var usage unix.Rusage
	_, err := ignoringEINTR(func() (int, error) { return unix.Wait4(p.outer, &ws, 0, &usage) })
	switch err {
	case nil:
		state.Status = ws
		state.User, state.System = time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())
		state.MaxRSS = usage.Maxrss * 1024
	case unix.ECHILD: // the caller ignores SIGCHLD: what outer told is left, without the usage
		if ws, told := p.readRecords(p.control, nil); told {
			state.Status, err = ws, nil
		}
	}
	if p.img.account && err == nil {
		p.drain()
		state.Account = p.newAccount(&usage)
	}
	if p.pidfd >= 0 {
		// Nothing is left of the command, unless it is PID 1, has undone its tie to
		// outer, and outer was killed.
		unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0)
	}
	p.close()
	return state, os.NewSyscallError("wait4", err)
}

// WatchStops calls f whenever the command is stopped by a signal, until the
// sandbox has ended. It may run beside Wait, at most once.
func (p *Process) WatchStops(f func(unix.Signal)) {
	p.ended.Lock()
	control := p.control
	if control >= 0 {
		control, _ = unix.FcntlInt(uintptr(control), unix.F_DUPFD_CLOEXEC, 0) // Wait may close the other
	}
	p.ended.Unlock()
	if control >= 0 {
		p.readRecords(control, f)
		unix.Close(control)
	}
}

// readRecords reads what outer reports until outer has ended, and returns the
// command's status if it was among it.
func (p *Process) readRecords(control int, onStop func(unix.Signal)) (status unix.WaitStatus, told bool) {
	var msg [8 + ioBytes]byte
	for {
		n, err := p.readRecord(control, msg[:])
		if err != nil || n == 0 {
			return status, told
		}
		if n < 16 || binary.LittleEndian.Uint64(msg[:]) != recordCommand {
			continue
		}
		ws := unix.WaitStatus(binary.LittleEndian.Uint32(msg[8:]))
		if !ws.Stopped() {
			status, told = ws, true
		} else if onStop != nil {
			onStop(ws.StopSignal())
		}
	}
}
