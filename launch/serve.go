package launch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// What init and the caller say to each other over the request socket of an
// enterable program: a request is 8 bytes, what it leads, with four file descriptors,
// an image and three standard streams; the answers start with a kind.
const (
	requestFiles                 = 4
	requestGroup, requestSession = 0, 1
	enteredPidfd                 = 2 // kind, process id in init's namespace; the pidfd comes with it
	enteredEnded                 = 3 // kind, process id, raw wait status, struct rusage
	enteredBytes                 = 8 + 8 + 8 + 144
)

// Enterable says that further programs can be started in the sandbox while it runs,
// by [Process.Enter]. It is to be called before Begin.
func (p *Program) Enterable() { p.enterable = true }

// requestFD is init's end of the request socket.
func (p *Program) requestFD() int { return p.controlFD() + 1 }

// Serve appends init's end in an enterable program: what Reap does, and beside it
// fork and execute the images that come over the request socket. So they run with
// all that init is confined by, and nothing else. Without a command of its own
// (ForkCommand was not called) it does so until it is killed.
func (p *Program) Serve() {
	o := &p.own
	const report, request, signals = 0, 1, 2
	p.Doing("keep init's file descriptors only")
	p.Call(unix.SYS_DUP3, o.reportWrite, report, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	p.Call(unix.SYS_DUP3, p.requestFD(), request, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	fd := p.Var("signals")
	child := binary.LittleEndian.AppendUint64(nil, 1<<(unix.SIGCHLD-1))
	p.Call(unix.SYS_SIGNALFD4, -1, Struct("SIGCHLD", child), setSize, unix.SFD_CLOEXEC|unix.SFD_NONBLOCK).To(fd)
	p.Call(unix.SYS_DUP3, fd, signals, unix.O_CLOEXEC).On(unix.EINVAL, nil)
	p.Call(unix.SYS_CLOSE_RANGE, p.keepControl(3), 0xffffffff, 0)

	p.Doing("reap and serve")
	again, reap, asked := p.Label("serve"), p.Label("reap"), p.Label("asked")
	const readable, happened = unix.POLLIN << 32, uint64(0xffff) << 48
	poll := p.Data("poll", 16, request|readable, signals|readable)
	info, pid := p.Buffer("siginfo", 128), p.Var("pid")
	p.Here(again)
	p.Call(unix.SYS_PPOLL, poll.Addr(), 2, 0, 0, setSize)
	p.If(poll, happened, 0, reap)
	p.Jump(asked)

	// One SIGCHLD may stand for many children.
	p.Here(reap)
	p.Call(unix.SYS_READ, signals, info.Addr(), 128).On(unix.EAGAIN, nil)
	next, ours := p.Label("reap_next"), p.Label("reaped_command")
	ended := p.Data("ended", enteredBytes, enteredEnded)
	p.Here(next)
	status := ended.At(16)
	p.Call(unix.SYS_WAIT4, -1, status.Addr(), unix.WNOHANG|unix.WUNTRACED|unix.WALL, ended.At(24).Addr()).To(pid).On(unix.ECHILD, again)
	p.If(pid, ^uint64(0), 0, again)
	p.Add(ended.At(8), pid, 0)
	if o.commandPID != nil {
		p.If(pid, ^uint64(0), o.commandPID, ours)
	}
	// None may be lost, so this waits for a supervisor that is stopped.
	p.Call(unix.SYS_SENDTO, request, ended.Addr(), enteredBytes, unix.MSG_NOSIGNAL, 0, 0).OnAny(nil)
	p.Jump(next)
	if o.commandPID != nil {
		p.Here(ours)
		p.accountUnlessStopped(3, status)
		kind := p.Data("kind", 8, recordCommand)
		p.Call(unix.SYS_WRITEV, report, Words("record", kind.Addr(), 8, status.Addr(), recordBytes-8), 2)
		p.If(status, 0xff, 0x7f, next) // stopped: not the end
		p.Call(unix.SYS_EXIT_GROUP, 0)
	}
	p.serveRequest(request, signals, poll, again, asked)
}

// serveRequest appends: receive an image and its streams, and execute it in a child.
func (p *Program) serveRequest(request, signals int, poll *Var, again, asked *Label) {
	word, n := p.Var("request"), p.Var("n")
	message := p.Data("files", 16+4*requestFiles)
	header := p.Data("header", 56, 0, 0, Words("iovec", word.Addr(), 8), 1, message.Addr(), 16+4*requestFiles, 0)
	closed, child, whole, failed := p.Label("no_more_requests"), p.Label("entering"), p.Label("request_whole"), p.Label("not_forked")
	p.Here(asked)
	p.Doing("take a program to run in the sandbox")
	p.Add(header.At(40), 16+4*requestFiles, 0) // the kernel changes it
	p.Call(unix.SYS_RECVMSG, request, header.Addr(), unix.MSG_CMSG_CLOEXEC).To(n)
	p.If(n, ^uint64(0), 0, closed)
	p.If(header.At(40), ^uint64(0), 16+4*requestFiles, whole)
	p.Jump(failed) // not all of it: there are no more descriptors
	p.Here(whole)
	var files [requestFiles]*Var
	for i := range files {
		files[i] = p.Var("file")
		p.And(files[i], message.At(16+4*i), 0xffffffff)
	}
	pid := p.Var("pid")
	answer := p.Data("entered", 16, enteredPidfd)
	handle := p.Data("fd_message", 24, 20, unix.SOL_SOCKET|unix.SCM_RIGHTS<<32, 0)
	unsent, done := p.Label("not_sent"), p.Label("answered")
	p.Call(unix.SYS_CLONE, cloneChild, 0, handle.At(16).Addr(), 0, 0).To(pid).OnAny(failed)
	p.If(pid, ^uint64(0), 0, child)
	session := p.Label("request_session")
	p.If(word, ^uint64(0), requestSession, session)
	p.Call(unix.SYS_SETPGID, pid, pid).OnAny(nil) // the child does the same: whoever comes first
	p.Here(session)
	p.Add(answer.At(8), pid, 0)
	to := Words("msghdr", 0, 0, Words("iovec", answer.Addr(), 16), 1, handle.Addr(), 24, 0)
	p.Call(unix.SYS_SENDMSG, request, to, unix.MSG_NOSIGNAL).OnAny(unsent)
	p.Jump(done)
	// The kernel bounds the descriptors on the way for each user, and others can use
	// them up. Nobody could signal the command then, so it ends.
	p.Here(unsent)
	own := p.Var("pidfd")
	p.And(own, handle.At(16), 0xffffffff)
	p.Call(unix.SYS_PIDFD_SEND_SIGNAL, own, uint64(unix.SIGKILL), 0, 0).OnAny(nil)
	p.Here(failed) // process id 0: there is none
	p.Add(answer.At(8), 0, 0)
	p.Call(unix.SYS_SENDTO, request, answer.Addr(), 16, unix.MSG_NOSIGNAL, 0, 0).OnAny(nil)
	p.Here(done)
	p.Call(unix.SYS_CLOSE_RANGE, signals+1, 0xffffffff, 0) // the files, however many have come, and the pidfd
	p.Jump(again)

	p.Here(closed) // the caller is gone, and outer will end all this
	p.Add(poll, 0xffffffff, 0)
	p.Jump(again)

	p.Process("entering")
	p.Here(child)
	p.Doing("run another program in the sandbox")
	gone := p.Label("entering_failed")
	leads, grouped := p.Label("leads_session"), p.Label("leads_group")
	p.If(word, ^uint64(0), requestSession, leads)
	p.Call(unix.SYS_SETPGID, 0, 0).OnAny(gone)
	p.Jump(grouped)
	p.Here(leads)
	p.Call(unix.SYS_SETSID).OnAny(gone)
	p.Here(grouped)
	for i := range 3 {
		p.Call(unix.SYS_DUP3, files[1+i], i, 0).OnAny(gone)
	}
	p.restoreForCommand()
	p.confine(gone) // while nothing inside can trace it
	p.Call(unix.SYS_EXECVEAT, files[0], "", Words("argv", Str(argv0), 0), Words("none", 0), unix.AT_EMPTY_PATH).OnAny(gone)
	p.Here(gone)
	p.Call(unix.SYS_EXIT_GROUP, ExitSetup)
}
