package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/usandbox/usandbox/registry"
	"github.com/usandbox/usandbox/sandbox"
)

// nameFlags are the flags of the sandboxes that have names.
func (f *runFlags) nameFlags() {
	f.set.StringVar(&f.name, "name", "", "call the sandbox `NAME`, for ps, stop, enter and logs")
	f.set.BoolVar(&f.detach, "detach", false, "go on in the background, with the output in a log; needs --name")
}

func holdCommand(args []string) int {
	f := newRunFlags("hold")
	f.nameFlags()
	f.noCommand = true
	f.deadlines.declare(f.set)
	c, code, ok := f.prepare(args)
	if !ok {
		return code
	}
	c.Hold = true
	if f.name == "" {
		return fail(errors.New("--name is missing: nobody could enter the sandbox"), "usandbox hold --name NAME")
	}
	return runNamed(f, c)
}

// runNamed runs a sandbox that has an entry in the registry, and takes requests to
// enter it.
func runNamed(f *runFlags, c *sandbox.Cmd) int {
	switch {
	case f.name == "":
		return fail(errors.New("--detach: the sandbox needs a --name, else it cannot be found again"))
	case f.detach && len(f.keepFDs) > 0:
		return fail(errors.New("--keep-fd and --detach exclude each other"))
	case f.detach && f.descriptors != "":
		return fail(fmt.Errorf("--%s with a file descriptor and --detach exclude each other", f.descriptors))
	case f.detach && f.consumed != "":
		return fail(fmt.Errorf("--%s from a pipe and --detach exclude each other", f.consumed))
	}
	if err := registry.CheckName(f.name); err != nil {
		return fail(flagError("name", err))
	}
	if f.detach && startedPipe == nil {
		return detach(f.name)
	}
	reg, err := registry.Open()
	if err != nil {
		return fail(err)
	}
	entry, err := reg.Claim(f.name)
	if err != nil {
		var taken *registry.TakenError
		if errors.As(err, &taken) {
			return fail(flagError("name", err), "usandbox enter "+f.name+", or usandbox stop "+f.name)
		}
		return fail(err)
	}
	code, ran := supervise(f, c, entry)
	var ended *registry.Ended
	if ran && f.detach {
		ended = &registry.Ended{At: time.Now(), ExitCode: code}
	}
	if err := entry.Release(ended); err != nil {
		fail(fmt.Errorf("give the name %s back: %w", f.name, err)) // the command's exit code stays what it is
	}
	return code
}

// supervise runs the sandbox of an entry to its end. Not ran: it could not be set up.
func supervise(f *runFlags, c *sandbox.Cmd, entry *registry.Entry) (code int, ran bool) {
	c.Enterable = true
	var log *output
	if f.detach {
		var err error
		if log, err = newOutput(entry); err != nil {
			return fail(err), false
		}
		c.Stdin, c.Stdout, c.Stderr = nil, log.file(), log.file()
	}
	server, err := listen(entry)
	if err != nil {
		return fail(err), false
	}
	run, code := start(f, c)
	if run == nil {
		return code, false
	}
	if err := describe(entry, c, f.detach); err != nil {
		c.Kill()
		run.wait()
		return fail(err), false
	}
	go server.serve(c)
	if f.detach {
		log.takeOver()
		tellStarted()
	}
	code = run.wait()
	server.end()
	if log != nil {
		log.end()
	}
	return code, true
}

// describe fills in and saves the entry of a sandbox that has been started.
func describe(e *registry.Entry, c *sandbox.Cmd, detached bool) (err error) {
	if !c.Hold {
		e.Command = c.Args
	}
	e.Started, e.Detached = time.Now(), detached
	e.UID, e.GID = c.IDs()
	e.Outer, err = registry.ProcessOf(c.Pid())
	if errors.Is(err, fs.ErrNotExist) { // it has ended already
		err = nil
	}
	if err != nil {
		return err
	}
	return e.Save()
}
