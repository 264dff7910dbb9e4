package bwrap

import (
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/launch"
)

// forkCommand appends: the command's process is forked, and this one stays to reap: PID 1,
// if there is a PID namespace. What follows is for the command.
func (c *compiler) forkCommand() {
	command, pid := c.Label("command"), c.Var("command_pid")
	c.say("Can't fork for pid 1")
	c.Call(unix.SYS_CLONE, uint64(unix.SIGCHLD), 0, 0, 0, 0).To(pid)
	c.If(pid, ^uint64(0), 0, command)
	c.Process("init")
	c.dropAll()
	c.keepInInit()
	c.lockFiles()
	c.dieWithParent()
	c.load()
	c.reap(pid)
	c.Process("command")
	c.Here(command)
}

// Init's file descriptors beside the standard streams.
const (
	initEvent = 3 + iota
	initSync
	initEnd
)

// keepInInit appends: init keeps the standard streams, the pipe to the monitor, and the one
// that was given to be kept.
func (c *compiler) keepInInit() {
	c.say("close file descriptors")
	const above = 64
	event, sync := c.Var("up"), c.Var("up")
	if c.event.write != nil {
		c.Call(unix.SYS_FCNTL, c.event.write, unix.F_DUPFD_CLOEXEC, above).To(event).OnAny(nil)
	}
	if c.o.SyncFD != -1 {
		c.Call(unix.SYS_FCNTL, c.o.SyncFD, unix.F_DUPFD_CLOEXEC, above).To(sync).OnAny(nil)
	}
	first := initEvent
	if c.event.write != nil {
		c.Call(unix.SYS_DUP3, event, initEvent, unix.O_CLOEXEC)
		first = initSync
	}
	if c.o.SyncFD != -1 {
		c.Call(unix.SYS_DUP3, sync, first, unix.O_CLOEXEC).OnAny(nil)
		first++
	}
	c.Call(unix.SYS_CLOSE_RANGE, first, 0xffffffff, 0)
}

// lockFiles appends: read locks, which are init's as long as it lives.
func (c *compiler) lockFiles() {
	for _, name := range c.o.LockFiles {
		fd := c.Var("lock")
		c.say("Unable to open lock file %s", name)
		c.Call(unix.SYS_OPENAT, unix.AT_FDCWD, name, unix.O_RDONLY|unix.O_CLOEXEC).To(fd)
		c.say("Unable to lock file %s", name)
		c.Call(unix.SYS_FCNTL, fd, unix.F_SETLK, launch.Words("F_RDLCK", 0, 0, 0, 0))
	}
}

// reap appends: wait for every child; tell the monitor of the command's end; end when
// nobody is left.
func (c *compiler) reap(pid *launch.Var) {
	again, ours, end := c.Label("reap"), c.Label("reaped_command"), c.Label("none_left")
	status, child, code := c.Var("status"), c.Var("reaped"), c.Var("code")
	result := c.Data("result", 8, exitFailure)
	c.say("init wait()")
	c.Here(again)
	c.Call(unix.SYS_WAIT4, -1, status.Addr(), 0, 0).To(child).On(unix.ECHILD, end)
	c.If(child, ^uint64(0), pid, ours)
	c.Jump(again)
	c.Here(ours)
	c.exitCode(code, status)
	c.Add(result, code, 0)
	if c.event.write != nil {
		c.Call(unix.SYS_WRITE, initEvent, result.Addr(), 8).OnAny(nil)
	}
	c.Jump(again)
	c.Here(end)
	c.Call(unix.SYS_EXIT_GROUP, result)
}
