package launch

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Account is what a command, and all that it started, used. Times and counts are those of
// processes that were waited for: by their parent, or in the end by the sandbox.
//
// getrusage(2), proc_pid_io(5).
type Account struct {
	// Whole says that the sandbox itself told. If not, it was killed before it could: what
	// was killed with it is not counted, what its set-up used is, and MaxRSS is 0.
	Whole bool

	User, System                time.Duration // processor time
	MaxRSS                      int64         // largest resident set of one process, in bytes
	MinorFaults, MajorFaults    int64         // page faults without and with reading from a device
	Voluntary, Involuntary      int64         // context switches
	Read, Written               int64         // bytes that read(2), write(2) and the like moved; -1: not known
	StorageRead, StorageWritten int64         // bytes that a device had to read, and is to write; -1: not known

	// Left is how many processes the command left behind, which were killed; those that
	// had ended, and that nobody had waited for, are counted. -1: not known.
	Left int

	// Inodes are those of Program.TellInodes; nil: none were told. 0: not known.
	Inodes []uint64
}

// The record of an account: kind, how many were left, struct rusage.
const (
	recordAccount = 9
	recordInodes  = 10 // and the numbers
	recordIO      = 11 // and the text of /proc/PID/io
	accountBytes  = 8 + 8 + 144
	unknownLeft   = ^uint64(0)
)

// maxInodes is how many numbers one message can hold.
const maxInodes = 16

// KeepAccount says that State.Account is to be filled in. It is to be called before Begin.
// Countable says that what ends the command may kill all that it leaves: that nothing in
// the sandbox can have another user id than its init.
func (p *Program) KeepAccount(countable bool) { p.account, p.countable = true, countable }

// TellInodes appends, in a supervised program before its command is executed: tell the caller
// the inode numbers of files below a folder. Of one that is not there it tells 0.
func (p *Program) TellInodes(dir *Var, names []string) {
	if len(names) > maxInodes {
		panic("BUG: launch: more inode numbers than a message can hold")
	}
	record, statx := p.Data("inodes", 8+8*len(names), recordInodes), p.Buffer("statx", 256)
	for i, name := range names {
		none := p.Label("no_" + strings.ReplaceAll(name, "/", "_"))
		p.Call(unix.SYS_STATX, dir, name, 0, unix.STATX_INO, statx.Addr()).OnAny(none)
		p.Add(record.At(8+8*i), statx.At(32), 0) // stx_ino
		p.Here(none)
	}
	p.Call(unix.SYS_SENDTO, p.controlFD(), record.Addr(), 8+8*len(names), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0).OnAny(nil)
}

// keepControl appends, where init keeps its file descriptors only, that the control socket is
// among them, as the descriptor that the caller gives. It returns the first that is not.
func (p *Program) keepControl(fd int) int {
	if !p.account {
		return fd
	}
	p.Call(unix.SYS_DUP3, p.controlFD(), fd, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	return fd + 1
}

// tellAccount appends, in init when the command has ended: kill all that is left and count it,
// and tell the caller that and what was used.
//
// One kill(2) reaches every process of the namespace: what forks meanwhile fails with it. What is
// killed so is waited for, and not only forgotten, as when the kernel ends the namespace.
func (p *Program) tellAccount(control int) {
	record := p.Data("account", accountBytes, recordAccount, unknownLeft)
	if p.countable {
		p.killAndCount(record.At(8))
	}
	p.sendAccount(control, record)
}

// accountUnlessStopped is tellAccount if that is what a wait status says.
func (p *Program) accountUnlessStopped(control int, status *Var) {
	if !p.account {
		return
	}
	stopped := p.Label("not_the_end")
	p.If(status, 0xff, 0x7f, stopped)
	p.tellAccount(control)
	p.Here(stopped)
}

// accountOfChildren appends, in outer where there is no init: tell the caller what was used.
func (p *Program) accountOfChildren(control int) {
	if p.account {
		p.sendAccount(control, p.Data("account", accountBytes, recordAccount, unknownLeft))
	}
}

// killAndCount appends the loop. An end that does not come is not waited for for ever: a
// security module may forbid the signal.
func (p *Program) killAndCount(left *Var) {
	const long = 5 // seconds
	child := binary.LittleEndian.AppendUint64(nil, 1<<(unix.SIGCHLD-1))
	pid, next, nap, counted, lost := p.Var("left_pid"), p.Label("count_left"), p.Label("wait_for_left"), p.Label("counted_left"), p.Label("lost_left")
	p.Doing("kill all that is left")
	p.And(left, 0, 0)
	p.Call(unix.SYS_KILL, -1, uint64(unix.SIGKILL)).OnAny(nil)
	p.Here(next)
	p.Call(unix.SYS_WAIT4, -1, 0, unix.WNOHANG|unix.WALL, 0).To(pid).On(unix.ECHILD, counted)
	p.If(pid, ^uint64(0), 0, nap)
	p.Add(left, left, 1)
	p.Jump(next)
	p.Here(nap)
	p.Call(unix.SYS_RT_SIGTIMEDWAIT, Struct("SIGCHLD", child), 0, Words("5 s", long, 0), setSize).On(unix.EAGAIN, lost)
	p.Jump(next)
	p.Here(lost)
	p.Add(left, unknownLeft, 0)
	p.Here(counted)
}

// sendAccount appends: tell the caller the record, with what all children used that were waited for.
func (p *Program) sendAccount(control int, record *Var) {
	p.Doing("tell what was used")
	p.Call(unix.SYS_GETRUSAGE, unix.RUSAGE_CHILDREN, record.At(16).Addr()).OnAny(nil)
	p.Call(unix.SYS_SENDTO, control, record.Addr(), accountBytes, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0).OnAny(nil)
}

// note keeps what a message tells that is part of an account; false: it is another.
func (p *Process) note(msg []byte) bool {
	if len(msg) < 16 {
		return false
	}
	switch kind := binary.LittleEndian.Uint64(msg); {
	case kind == recordAccount && len(msg) == accountBytes:
		p.accounted = bytes.Clone(msg)
		return true
	case kind == recordIO:
		p.io = string(msg[8:])
		return true
	case kind == recordInodes:
		for msg = msg[8:]; len(msg) >= 8; msg = msg[8:] {
			p.inodes = append(p.inodes, binary.LittleEndian.Uint64(msg))
		}
		return true
	}
	return false
}

// newAccount is what the image told, or what is known of outer, if it told nothing.
func (p *Process) newAccount(outer *unix.Rusage) *Account {
	io := parseIO(p.io)
	a := &Account{Left: -1, Inodes: p.inodes, Read: io[0], Written: io[1], StorageRead: io[2], StorageWritten: io[3]}
	if m := p.accounted; m != nil {
		a.Whole = true
		if left := binary.LittleEndian.Uint64(m[8:]); left != unknownLeft {
			a.Left = int(left)
		}
		a.use(rusage(m[16:]))
		return a
	}
	a.use(*outer)
	a.MaxRSS = 0 // that of the caller is in it: outer was a part of it until it was executed
	return a
}

func (a *Account) use(u unix.Rusage) {
	a.User, a.System = time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
	a.MaxRSS = u.Maxrss * 1024
	a.MinorFaults, a.MajorFaults = u.Minflt, u.Majflt
	a.Voluntary, a.Involuntary = u.Nvcsw, u.Nivcsw
}

// rusage reads a struct rusage of a 64-bit kernel: 18 words, getrusage(2).
func rusage(b []byte) unix.Rusage {
	word := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
	return unix.Rusage{
		Utime: unix.Timeval{Sec: word(0), Usec: word(1)}, Stime: unix.Timeval{Sec: word(2), Usec: word(3)},
		Maxrss: word(4), Minflt: word(8), Majflt: word(9), Inblock: word(11), Oublock: word(12), Nvcsw: word(16), Nivcsw: word(17),
	}
}

// ioBytes is more than /proc/PID/io has.
const ioBytes = 512

// openIO appends, in outer while it may be looked into: open its own /proc/PID/io, under a number
// that nothing else is put on. Later it could not be opened, by outer itself or its caller; a
// process may read its own at any time.
func (p *Program) openIO() {
	if !p.account {
		return
	}
	p.own.io = p.Data("io", 8, ^uint64(0))
	fd, none := p.Var("io_low"), p.Label("no_io")
	p.Doing("open the account of bytes")
	p.Call(unix.SYS_OPENAT, unix.AT_FDCWD, "/proc/self/io", unix.O_RDONLY|unix.O_CLOEXEC).To(fd).OnAny(none)
	p.Call(unix.SYS_FCNTL, fd, unix.F_DUPFD_CLOEXEC, p.terminalFD()+1).To(p.own.io).OnAny(nil)
	p.Call(unix.SYS_CLOSE, fd)
	p.Here(none)
}

// keepIO appends, where outer keeps its file descriptors only: it is one more of them. It
// returns the first that is not.
func (p *Program) keepIO(fd int) int {
	if !p.account {
		return fd
	}
	p.Call(unix.SYS_DUP3, p.own.io, fd, unix.O_CLOEXEC).OnAny(nil)
	return fd + 1
}

// tellIO appends, in outer when all has ended: tell the caller what was read and written. The
// kernel adds to a process what those did that it has waited for.
func (p *Program) tellIO(control, fd int) {
	if !p.account {
		return
	}
	p.Doing("tell what was read and written")
	text, n, none := p.Data("io_text", 8+ioBytes, recordIO), p.Var("n"), p.Label("no_io_text")
	p.Call(unix.SYS_READ, fd, text.At(8).Addr(), ioBytes).To(n).OnAny(none)
	p.Add(n, n, 8)
	p.Call(unix.SYS_SENDTO, control, text.Addr(), n, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0).OnAny(nil)
	p.Here(none)
}

// parseIO reads proc_pid_io(5): rchar, wchar, read_bytes and write_bytes, each -1 if it is not told.
func parseIO(text string) (io [4]int64) {
	io = [4]int64{-1, -1, -1, -1}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			continue
		}
		for i, want := range []string{"rchar", "wchar", "read_bytes", "write_bytes"} {
			if name == want {
				io[i] = n
			}
		}
	}
	return io
}

// drain reads what outer and init have told, and nobody has read.
func (p *Process) drain() {
	var msg [8 + ioBytes]byte
	p.reading.Lock()
	defer p.reading.Unlock()
	for {
		n, _, err := unix.Recvfrom(p.control, msg[:], unix.MSG_DONTWAIT)
		if err != nil && err != unix.EINTR || err == nil && n == 0 {
			return
		}
		if err == nil {
			p.note(msg[:n])
		}
	}
}

// readRecord waits for a record and reads it, beside drain: what is part of an account is kept.
func (p *Process) readRecord(control int, msg []byte) (int, error) {
	for {
		fds := []unix.PollFd{{Fd: int32(control), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return 0, err
		}
		p.reading.Lock()
		n, _, err := unix.Recvfrom(control, msg, unix.MSG_DONTWAIT)
		if err == nil {
			p.note(msg[:n])
		}
		p.reading.Unlock()
		if err != unix.EAGAIN && err != unix.EINTR {
			return n, err
		}
	}
}
