package main

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/terminal"
)

// console is the caller's terminal, on which that of a command is shown.
type console struct {
	raw    bool                              // nothing is filtered
	signal func(sig unix.Signal, group bool) // to the command
	relay  *terminal.Relay

	asked atomic.Bool // the command was sent a signal that ends programs
	ended atomic.Bool
	abort chan struct{} // closed: what is still to be shown is given up
	once  sync.Once

	begun atomic.Bool
	later later // what is told when the command has ended
}

// take takes the master of the command's terminal, before the command runs.
func (c *console) take(master *os.File) (err error) {
	c.abort = make(chan struct{})
	c.relay, err = terminal.New(os.Stdin, os.Stdout, master, terminal.Options{Unfiltered: c.raw})
	return err
}

// begin begins to show the command's terminal.
func (c *console) begin(signal func(sig unix.Signal, group bool)) {
	c.signal = signal
	c.begun.Store(true)
	c.relay.Resume()
	c.relay.Start()
	go func() {
		<-c.relay.HungUp()
		signal(unix.SIGHUP, true)
		signal(unix.SIGCONT, true)
	}()
}

// end is the end of the command: all that it has printed is shown. The terminal may not be
// read by anybody; a signal gives up then.
func (c *console) end() {
	c.ended.Store(true)
	if c.asked.Load() {
		defer time.AfterFunc(patience, c.giveUp).Stop()
	}
	c.relay.End(c.abort)
	c.later.tell()
}

func (c *console) giveUp() { c.once.Do(func() { close(c.abort) }) }

// caught is told of a signal that usandbox got. False: it is not to be passed on.
func (c *console) caught(sig unix.Signal) bool {
	switch sig {
	case unix.SIGWINCH: // the kernel tells the command
		c.relay.Resize()
		return false
	case unix.SIGCONT:
		c.relay.Resume()
	case unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT:
		c.asked.Store(true)
		if c.ended.Load() {
			c.giveUp()
		}
	}
	return true
}

// stopped is the stop of the command: usandbox stops itself, with all of its process
// group, as the terminal would have stopped them, and goes on with the command when
// it is continued. Where nobody could do that (the group is orphaned), the kernel does
// not stop it, and the command goes on at once.
func (c *console) stopped(unix.Signal) {
	c.relay.Suspend()
	stopGroup()
	c.relay.Resume()
	c.signal(unix.SIGCONT, true)
}

// stopGroup sends SIGTSTP to the process group and returns when this process is
// continued.
func stopGroup() {
	type action struct{ handler, flags, restorer, mask uintptr }
	set := func(new, old *action) {
		unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGTSTP), uintptr(unsafe.Pointer(new)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before action
	set(&action{handler: 1}, &before) // SIG_IGN: for the others first
	unix.Kill(0, unix.SIGTSTP)
	set(&action{handler: 0}, nil) // SIG_DFL
	// A signal to this thread stops the process before the call returns.
	unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGTSTP)
	set(&before, nil)
}
