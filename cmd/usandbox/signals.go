package main

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/sandbox"
)

// forwarded are the signals that the command gets when usandbox does. Those that
// a terminal sends go to the command's whole process group, as the terminal does.
var forwarded = map[os.Signal]bool{ // whether to the group
	unix.SIGINT: true, unix.SIGQUIT: true, unix.SIGHUP: true, unix.SIGTSTP: true, unix.SIGCONT: true, unix.SIGWINCH: true,
	unix.SIGTERM: false, unix.SIGUSR1: false, unix.SIGUSR2: false,
}

// toForward are the signals that are for the command, but for those that usandbox
// was started with ignored: by nohup, or as a background job of a plain shell.
func toForward() []launch.Forward {
	var list []launch.Forward
	for s, group := range forwarded {
		if !signal.Ignored(s) {
			list = append(list, launch.Forward{Signal: s.(unix.Signal), Group: group})
		}
	}
	return list
}

// catchSignals collects the signals that are for the command in ch. A signal that comes before ends usandbox as it ends any program,
// and with it the sandbox, in which nothing runs yet.
func catchSignals(ch chan os.Signal) {
	var list []os.Signal
	for _, f := range toForward() {
		list = append(list, f.Signal)
	}
	signal.Notify(ch, list...)
}

// forwardSignals passes on to the command what has been and will be collected.
func forwardSignals(c *sandbox.Cmd, con *console, ch chan os.Signal) {
	stop := stopSelf
	if con != nil {
		stop = con.stopped
	}
	if startedPipe == nil && !staysAwake(c) { // a detached one that stops would be continued by nobody
		go c.WatchStops(stop) // not before SIGCONT is caught: it is what ends a stop
	}
	for s := range ch {
		switch {
		case c.Hold:
			signalHeld(c, s)
		case s == unix.SIGINT && c.BeingEnded(): // whoever waits has had enough
			c.Kill()
		case con == nil || con.caught(s.(unix.Signal)):
			signalCommand(c, s.(unix.Signal), forwarded[s])
		}
	}
}

// signalCommand sends a signal to the command or its process group.
func signalCommand(c *sandbox.Cmd, sig unix.Signal, group bool) {
	if group {
		c.SignalGroup(sig)
	} else {
		c.Signal(sig)
	}
}

// signalHeld does what a signal does to a program that does not handle it: there is
// no command that could.
func signalHeld(c *sandbox.Cmd, s os.Signal) {
	switch s {
	case unix.SIGTSTP:
		stopSelf(unix.SIGTSTP)
	case unix.SIGINT, unix.SIGQUIT, unix.SIGHUP, unix.SIGTERM:
		c.Kill()
	}
}

// stopSelf stops usandbox when the command was stopped, so that the caller's
// shell sees it. SIGCONT is passed on like the others.
func stopSelf(unix.Signal) { unix.Kill(os.Getpid(), unix.SIGSTOP) }
