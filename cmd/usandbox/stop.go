package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/registry"
)

func stopCommand(args []string) int {
	set := newFlagSet("stop")
	grace := set.Duration("grace", 10*time.Second, "how long SIGTERM may take, before SIGKILL")
	if code, ok := parseSmall(set, args, 1, -1); !ok {
		return code
	}
	if *grace < 0 {
		return fail(flagError("grace", fmt.Errorf("%v is negative", *grace)))
	}
	reg, err := registry.Open()
	if err != nil {
		return fail(err)
	}
	code := 0
	for _, name := range set.Args() {
		e, err := reg.Get(name)
		if err == nil {
			if err = stop(e, *grace); err == nil {
				err = reg.Clear(e)
			}
		}
		if err != nil {
			code = fail(err, "usandbox ps lists those that there are")
		}
	}
	return code
}

// stop ends a sandbox, if it runs: SIGTERM to its supervisor, which passes it on to
// the command; after the grace SIGKILL, with which the kernel ends all of it.
func stop(e *registry.Entry, grace time.Duration) error {
	outer, err := openProcess(e.Outer)
	if err != nil {
		return err
	}
	defer unix.Close(outer)
	supervisor, err := openProcess(e.Supervisor)
	if err != nil {
		return err
	}
	defer unix.Close(supervisor)
	if e.Ended == nil && supervisor >= 0 {
		unix.PidfdSendSignal(supervisor, unix.SIGTERM, nil, 0)
		unix.PidfdSendSignal(supervisor, unix.SIGCONT, nil, 0) // it may be stopped
		if !gone(supervisor, grace) {
			unix.PidfdSendSignal(supervisor, unix.SIGKILL, nil, 0)
			gone(supervisor, -1)
		}
	}
	gone(outer, -1)
	return nil
}

// openProcess is a pidfd; -1 if the process is gone.
func openProcess(p registry.Process) (int, error) {
	fd, err := p.Open()
	if errors.Is(err, os.ErrProcessDone) {
		return -1, nil
	}
	return fd, err
}

// gone waits until the process has ended, at most so long; negative: for ever.
func gone(pidfd int, most time.Duration) bool {
	if pidfd < 0 {
		return true
	}
	end := time.Now().Add(most)
	for {
		wait := -1
		if most >= 0 {
			wait = int(max(0, time.Until(end)).Milliseconds())
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, wait)
		if err != unix.EINTR {
			return n > 0
		}
	}
}
