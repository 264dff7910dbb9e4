package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/registry"
	"github.com/usandbox/usandbox/sandbox"
)

// enterNamed runs a command in the sandbox of that name, with this process's streams
// and signals, and returns its exit code. It is not started by this process but by
// the sandbox's init, on the supervisor's request: so it has the sandbox's own
// confinement, and nothing of usandbox comes near it.
func enterNamed(name string, r request, pty ptyFlags) int {
	if err := noFolders(); err != nil {
		return fail(err)
	}
	reg, err := registry.Open()
	if err != nil {
		return fail(err)
	}
	entry, err := reg.Get(name)
	if err == nil && !entry.Alive() {
		err = &registry.NotFoundError{Name: name}
	}
	if err != nil {
		return fail(err, hintNoSandbox(name))
	}
	if len(r.Args) == 0 {
		r.Args = toBytes([]string{"/bin/sh"})
	}
	streams, err := pty.streams()
	if err != nil {
		return fail(err)
	}
	var con *console
	files, socket := []*os.File{os.Stdin, os.Stdout, os.Stderr}, (*os.File)(nil)
	if streams != nil {
		con = &console{raw: pty.raw}
		if socket, err = r.askTerminal(files, streams); err != nil {
			return fail(err)
		}
	}
	fd, err := ask(entry, r, files)
	if err != nil {
		return fail(fmt.Errorf("enter %s: %w", name, err))
	}
	if con != nil {
		files[streams[0]].Close() // the other end is the command's alone
	}
	answered := make(chan struct{})
	signals := make(chan os.Signal, 64)
	catchSignals(signals)
	go passSignals(fd, con, signals, answered)
	var a answer
	if !receive(fd, &a) {
		return fail(fmt.Errorf("enter %s: its supervisor has ended", name))
	}
	if a.Error != "" {
		return fail(fmt.Errorf("enter %s: %s", name, a.Error))
	}
	stop, end := stopSelf, func() {}
	if con != nil {
		if err := con.enter(socket, func(sig unix.Signal, group bool) { send(fd, passed{int(sig), group}) }); err != nil {
			var h hinted
			errors.As(err, &h)
			return fail(fmt.Errorf("enter %s: %w", name, err), h.hint)
		}
		stop, end = con.stopped, con.end
	}
	close(answered)
	for {
		var a answer
		if !receive(fd, &a) || a.Status == nil {
			end() // before anything is said: what was printed, and the modes
			return fail(fmt.Errorf("enter %s: its supervisor has ended", name))
		}
		switch ws := unix.WaitStatus(*a.Status); {
		case ws.Stopped():
			stop(ws.StopSignal())
		case ws.Signaled():
			end()
			fmt.Fprint(os.Stderr, sandbox.Killed(ws))
			return 128 + int(ws.Signal())
		default: // with a terminal, a signal is told so, too
			end()
			fmt.Fprint(os.Stderr, sandbox.Killed(ws))
			return ws.ExitStatus()
		}
	}
}

// passSignals passes this process's signals on to the command, once it runs. If that
// takes long, they end this process, and with it the command.
func passSignals(fd int, con *console, signals chan os.Signal, runs chan struct{}) {
	for s := range signals {
		sig := s.(unix.Signal)
		select {
		case <-runs:
			if con == nil || con.caught(sig) {
				send(fd, passed{Signal: int(sig), Group: forwarded[s]})
			}
		case <-time.After(patience):
			if sig == unix.SIGINT || sig == unix.SIGTERM || sig == unix.SIGHUP || sig == unix.SIGQUIT {
				os.Exit(128 + int(sig))
			}
		}
	}
}

// ask connects to the supervisor and sends it the request and the streams.
func ask(e *registry.Entry, r request, files []*os.File) (fd int, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return -1, err
	}
	if len(text) > maxRequest {
		return -1, errors.New("the command line is too long")
	}
	memfd, err := unix.MemfdCreate("request", unix.MFD_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	defer unix.Close(memfd)
	if err := os.WriteFile(fmt.Sprintf("/proc/self/fd/%d", memfd), bytes.TrimSpace(text), 0); err != nil {
		return -1, err
	}
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	dir, err := unix.Open(e.Path("."), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	// The socket's own path may be too long for one: 108 bytes, unix(7).
	path := "/proc/self/fd/" + strconv.Itoa(dir) + "/control"
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return -1, os.NewSyscallError("connect", err)
	}
	fds := []int{memfd}
	for _, f := range files {
		fds = append(fds, int(f.Fd()))
	}
	if r.Modes != nil {
		fds = append(fds, 0)
	}
	return fd, unix.Sendmsg(fd, []byte{0}, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL)
}

// hintNoSandbox is what to type where there is no sandbox of a name.
func hintNoSandbox(name string) string {
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		return "a process is entered by usandbox enter --target " + name + " --all -- command"
	}
	return "usandbox ps lists those that run"
}

// enterNamedCommand runs a command in the sandbox whose name is args[0].
func enterNamedCommand(args []string) int {
	set := newFlagSet("enter")
	dir := set.StringP("wd", "w", "", "working `DIR`")
	env := set.StringArray("env", nil, "set a variable, `K=V`, or pass on the caller's, K; repeatable")
	var pty ptyFlags
	pty.add(set)
	if code, ok := parseSmall(set, args, 1, -1); !ok {
		return code
	}
	r := request{Args: toBytes(set.Args()[1:]), Dir: []byte(*dir)}
	for _, arg := range *env {
		kv, ok, err := variable(arg)
		if err != nil {
			return fail(err)
		}
		if ok {
			r.Env = append(r.Env, []byte(kv))
		}
	}
	return enterNamed(set.Arg(0), r, pty)
}
