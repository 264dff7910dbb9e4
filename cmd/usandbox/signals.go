package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/sandbox"
)

// forwarded are the signals that the command gets when usandbox does. Those that
// a terminal sends go to the command's whole process group, as the terminal does.
var forwarded = map[os.Signal]bool{ // whether to the group
	unix.SIGINT: true, unix.SIGQUIT: true, unix.SIGHUP: true, unix.SIGTSTP: true, unix.SIGCONT: true, unix.SIGWINCH: true,
	unix.SIGTERM: false, unix.SIGUSR1: false, unix.SIGUSR2: false,
}

// catchSignals holds back the signals that are for the command from now on, and
// returns a function that begins to pass them on. When the command is stopped,
// usandbox stops itself, so that the caller's shell sees it.
func catchSignals(c *sandbox.Cmd) (forward func()) {
	ch := make(chan os.Signal, 64)
	for s := range forwarded {
		if !signal.Ignored(s) { // nohup, or a background job of a plain shell
			signal.Notify(ch, s)
		}
	}
	c.OnStop = func(unix.Signal) { unix.Kill(os.Getpid(), unix.SIGSTOP) }
	return func() {
		go func() {
			for s := range ch {
				if forwarded[s] {
					c.SignalGroup(s.(syscall.Signal))
				} else {
					c.Signal(s.(syscall.Signal))
				}
			}
		}()
	}
}
