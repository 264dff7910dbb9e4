package main

import (
	"fmt"
	"os"

	"github.com/usandbox/usandbox/sandbox"
)

// noteGit says, once, that a git folder elsewhere is not shown, and how it would be.
func noteGit(p sandbox.Policy) {
	e := p.GitNotShown
	if e == nil || again || startedPipe != nil {
		return
	}
	advice := ""
	if e.Path != "" {
		advice = "; --rw " + e.Path + " shows it if you trust it"
	}
	fmt.Fprintf(os.Stderr, "usandbox: %s\n", printable(e.Error()+advice))
}
