package main

import (
	"fmt"
	"os"

	"github.com/usandbox/usandbox/bwrap"
	"github.com/usandbox/usandbox/sandbox"
)

// bwrapCommand is bubblewrap's command line.
func bwrapCommand(args []string) int { return bwrapNamed("usandbox bwrap", args) }

// bwrapNamed is bubblewrap's command line, as the program of that name: its messages begin
// with the name, and what fails ends with 1.
func bwrapNamed(name string, args []string) int {
	if err := sandbox.CheckUnprivileged(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, printable(err.Error()))
		return 1
	}
	return bwrap.Run(name, args)
}
