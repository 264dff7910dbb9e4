package main

import (
	"fmt"
	"io"
	"runtime/debug"
)

// command is one row of the table that drives dispatch and help.
type command struct {
	name  string
	usage string // what follows "usandbox NAME"
	short string // one line
	run   func(args []string) int
}

func commands() []command {
	return []command{
		{"run", "[flags] [--] command [args]", "run a command in a sandbox", runCommand},
		{"plan", "[flags] [--] command [args]", "print the steps that run would take; run nothing", planCommand},
		{"compile", "-o FILE [flags] [--] command [args]", "save the sandbox as a program of its own", compileCommand},
		{"hold", "--name NAME [flags]", "make a sandbox without a command, to be entered", holdCommand},
		{"enter", "[NAME] [flags] [--] [command [args]]", "run a command in a running sandbox, or in namespaces", enterCommand},
		{"net", "allow|deny|show SANDBOX [RULE ...]", "change or show what a running sandbox may reach", netCommand},
		{"ps", "[--json]", "list the sandboxes that have names", psCommand},
		{"stop", "[--grace TIME] NAME ...", "end sandboxes that have names", stopCommand},
		{"logs", "[-f] NAME", "print the output of a detached sandbox", logsCommand},
		{"diff", "[ID] [--stat|--patch|--json]", "show what a copy-on-write run changed", diffCommand},
		{"apply", "[ID] [flags] [PATH ...]", "bring a run's changes onto the host", applyCommand},
		{"discard", "[ID ...] [--all] [--caches]", "throw runs away; without an ID, the newest here", discardCommand},
		{"runs", "[--json]", "list the copy-on-write runs that are kept", runsCommand},
		{"ls", "[flags] [PID]", "list namespaces, or explain one process", lsCommand},
		{"seccomp", "show|test|compile [flags]", "look at the filter of system calls, ask it, or save it", seccompCommand},
		{"unshare", "[flags] [--] [command [args]]", "run a command in new namespaces; no sandbox", unshareCommand},
		{"bwrap", "[options] [--] command [args]", "run a command as bubblewrap does: bwrap's command line", bwrapCommand},
		{"version", "", "print the version", versionCommand},
	}
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "usandbox runs commands that are not trusted, as an ordinary user.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  usandbox %-8s %s\n", c.name, c.short)
	}
	fmt.Fprint(w, `
  usandbox run -- make          build in the current folder, and nowhere else
  usandbox run --allow example.org -- make
                                the same, and reach that host
  usandbox help run             every flag

With no flag at all the command sees the system's folders read-only, an empty
home, the current folder writable, and no network.
`)
}

func versionCommand([]string) int {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	fmt.Println("usandbox", version)
	return 0
}
