package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/usandbox/usandbox/registry"
)

func logsCommand(args []string) int {
	set := newFlagSet("logs")
	follow := set.BoolP("follow", "f", false, "go on as the log grows, until the sandbox ends")
	if code, ok := parseSmall(set, args, 1, 1); !ok {
		return code
	}
	reg, err := registry.Open()
	if err != nil {
		return fail(err)
	}
	e, err := reg.Get(set.Arg(0))
	if err != nil {
		return fail(err, "usandbox ps lists those that there are")
	}
	if !e.Detached {
		return fail(fmt.Errorf("%s has no log: it was not started with --detach", e.Name))
	}
	if old, err := e.OpenLog(true); err == nil {
		io.Copy(os.Stdout, old)
		old.Close()
	}
	if err := printLog(e, *follow); err != nil {
		return fail(err)
	}
	return 0
}

// printLog prints the log; with follow, until the sandbox has ended.
func printLog(e *registry.Entry, follow bool) error {
	f, err := e.OpenLog(false)
	if err != nil {
		return err
	}
	defer func() { f.Close() }()
	for {
		alive := e.Alive() // before reading: what is written at the end is read, too
		if _, err := io.Copy(os.Stdout, f); err != nil {
			return err
		}
		next, err := e.OpenLog(false)
		switch {
		case errors.Is(err, os.ErrNotExist): // cleared, or just about to be replaced
		case err != nil:
			return err
		default:
			if a, b := stat(f), stat(next); a != nil && b != nil && !os.SameFile(a, b) {
				io.Copy(os.Stdout, f) // the rest of what is the previous one now
				f.Close()
				f = next
				continue
			}
			next.Close()
		}
		if !follow || !alive {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func stat(f *os.File) os.FileInfo {
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	return info
}
