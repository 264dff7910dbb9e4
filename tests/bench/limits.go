package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// limitsTable measures what a cgroup with limits adds to a launch: in a folder that is
// delegated, given by -cgroup, and where usandbox looks for one itself.
func limitsTable(b *bench) (table, error) {
	rounds := part(b.n, 2)
	t := table{
		title: fmt.Sprintf("Limits: /bin/true in a sandbox with a cgroup of its own, %d rounds", rounds),
		head:  []string{"what", "median", "p10", "p90", "to no limit", "target"},
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err != nil {
		t.note("not measured: there are no cgroups of version 2 here; in a machine of `go run ./tests/vm` there are")
		return t, nil
	}
	run := func(flags ...string) []string {
		return append(append([]string{b.usandbox, "run"}, flags...), "--", "true")
	}
	list := []contestant{
		b.command("run --limits=none", 0, run("--limits=none")...),
		b.command("run", 1.05, run()...),
	}
	if dir := b.cgroup; dir != "" {
		leaf := filepath.Join(dir, "bare")
		list = append(list,
			try(contestant{name: "run --limits=none, and mkdir and rmdir of a cgroup", run: func() error {
				if err := os.Mkdir(leaf, 0o755); err != nil {
					return err
				}
				return errors.Join(b.once(b.usandbox, run("--limits=none")), os.Remove(leaf))
			}}),
			b.command("run --cgroup DIR --pids 500", 0, run("--cgroup", dir, "--pids", "500")...),
			b.command("run --cgroup DIR --pids 500 --memory 100M --cpus 1", 0, run("--cgroup", dir, "--pids", "500", "--memory", "100M", "--cpus", "1")...))
	}
	list = append(list,
		b.command("run --pids 500", 0, run("--pids", "500")...),
		b.command("run --timeout 1h", 0, run("--timeout", "1h")...),
		b.command("systemd-run --user --scope -p TasksMax=500 usandbox run --limits=none", 0,
			append([]string{"systemd-run", "--user", "--quiet", "--scope", "-p", "TasksMax=500"}, run("--limits=none")...)...))
	results, err := contest(rounds, list)
	if err != nil {
		return t, err
	}
	t.results(list, results)
	return t, nil
}
