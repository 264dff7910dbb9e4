package main

import (
	"errors"
	"os/signal"

	"github.com/usandbox/usandbox/sandbox"
)

// run gives its place to the sandbox where it can (sandbox.Cmd.Exec). The sandbox
// has two uses for usandbox then, each with a command that is in no help:
//
//	usandbox again run ...     a step of the set-up failed: do it with a supervisor, and say why
//	usandbox planted STATE     the current folder has changed: tell what is new in it

// again says that the sandbox has been tried in usandbox's own place.
var again bool

func plantedCommand(args []string) int {
	if len(args) != 1 {
		return fail(errors.New("planted is for usandbox itself"))
	}
	watch, err := sandbox.WatchedBefore(args[0])
	if err != nil {
		return fail(err)
	}
	for s := range forwarded { // they were for the command, which has ended
		signal.Ignore(s)
	}
	reportPlanted(watch)
	return 0
}
