package main

import (
	"fmt"

	"github.com/usandbox/usandbox/internal/peer"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// bwrapArgs is bubblewrap's command line for a sandbox of the same namespaces and
// the same mounts, in the same order.
func bwrapArgs(p sandbox.Policy, command ...string) []string {
	args, err := peer.Args(p)
	if err != nil {
		panic("BUG: bench: " + err.Error())
	}
	return append(append([]string{"bwrap"}, args...), command...)
}

// floorArgs is the same for the C floor program.
func floorArgs(program string, p sandbox.Policy, command ...string) []string {
	args := []string{program}
	for _, e := range p.Files {
		switch e := e.(type) {
		case mounts.Bind:
			flag := "-r"
			if e.Writable {
				flag = "-w"
			}
			args = append(args, flag, e.Source, e.Target)
		case mounts.ReadOnly:
			args = append(args, "-r", e.Target, e.Target)
		case mounts.Symlink:
			args = append(args, "-l", e.Link, e.Target)
		case mounts.Tmpfs:
			args = append(args, "-t", fmt.Sprintf("mode=%o", peer.Mode(e)), e.Target)
		case mounts.Proc:
			args = append(args, "-p", "-", e.Target)
		case mounts.Dev:
			args = append(args, "-d", "-", e.Target)
		default:
			panic(fmt.Sprintf("BUG: bench: the floor has no %T", e))
		}
	}
	args = append(args, "--", p.Dir)
	return append(args, command...)
}
