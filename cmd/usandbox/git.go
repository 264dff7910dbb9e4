package main

import (
	"fmt"
	"os"

	"github.com/usandbox/usandbox/sandbox"
)

// noteGit says, once, that a git folder elsewhere is not shown, and how it would be.
func noteGit(p sandbox.Policy) {
	if e := p.GitNotShown; e != nil && !again && startedPipe == nil {
		fmt.Fprintf(os.Stderr, "usandbox: %s; --rw %s shows it if you trust it\n", printable(e.Error()), printable(e.Path))
	}
}
