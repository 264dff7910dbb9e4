//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/usandbox/usandbox/sandbox"
)

// Exit codes beside the command's own and 128+n for an end by signal n.
const (
	exitSetup         = 125 // the sandbox could not be set up
	exitNotExecutable = 126
	exitNotFound      = 127
)

func main() {
	if filepath.Base(os.Args[0]) == "bwrap" {
		os.Exit(bwrapNamed("bwrap", os.Args[1:]))
	}
	os.Exit(dispatch(os.Args[1:]))
}

// dispatch runs the command that args begin with, and returns the exit code.
func dispatch(args []string) int {
	if err := sandbox.CheckUnprivileged(); err != nil {
		return fail(err)
	}
	if len(args) == 0 {
		printHelp(os.Stderr)
		return exitSetup
	}
	switch args[0] {
	case "help", "--help", "-h":
		if len(args) > 1 && !slices.Contains([]string{"help", "--help", "-h"}, args[1]) {
			return dispatch([]string{args[1], "--help"})
		}
		printHelp(os.Stdout)
		return 0
	case "--version", "-V":
		return versionCommand(nil)
	case "again":
		again = true
		return dispatch(args[1:])
	case "detached":
		return detachedCommand(args[1:])
	case "planted":
		return plantedCommand(args[1:])
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(args[1:])
		}
	}
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return fail(fmt.Errorf("unknown command %q", args[0]), nearest(args[0], names, "usandbox "), "usandbox help lists the commands")
}

// fail says what went wrong and, where there is one, the first hint; the exit
// code is always 125 here.
//
//	usandbox: <what was being done>: <what went wrong>
//	hint: <what to type>
func fail(err error, hints ...string) int {
	failure = err
	fmt.Fprintf(os.Stderr, "usandbox: %s\n", printable(err.Error()))
	for _, h := range append(hints, sandbox.Hint(err)) {
		if h != "" {
			fmt.Fprintf(os.Stderr, "hint: %s\n", printable(h))
			break
		}
	}
	return exitSetup
}
