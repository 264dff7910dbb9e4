package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
)

// forwarded are the signals that the command gets when usandbox does. Those that
// a terminal sends go to the command's whole process group, as the terminal does.
var forwarded = map[os.Signal]bool{ // whether to the group
	unix.SIGINT: true, unix.SIGQUIT: true, unix.SIGHUP: true, unix.SIGTSTP: true, unix.SIGCONT: true, unix.SIGWINCH: true,
	unix.SIGTERM: false, unix.SIGUSR1: false, unix.SIGUSR2: false,
}

// forwardAfter is how long the command has run when usandbox begins to pass
// signals on. Go's signal machinery takes two threads and a third of a
// millisecond, more than a short command does. A signal that comes before ends
// usandbox as it ends any program, and with it the sandbox.
const forwardAfter = 5 * time.Millisecond

// forwardSignals passes signals on to the command from now on, but for those that
// usandbox was started with ignored: by nohup, or as a background job of a plain
// shell.
func forwardSignals(c *sandbox.Cmd) {
	var list []os.Signal
	for s := range forwarded {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	ch := make(chan os.Signal, 64)
	signal.Notify(ch, list...)
	for s := range ch {
		if forwarded[s] {
			c.SignalGroup(s.(syscall.Signal))
		} else {
			c.Signal(s.(syscall.Signal))
		}
	}
}

// stopSelf stops usandbox when the command was stopped, so that the caller's
// shell sees it. SIGCONT is passed on like the others.
func stopSelf(unix.Signal) { unix.Kill(os.Getpid(), unix.SIGSTOP) }
