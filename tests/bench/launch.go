package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/usandbox/usandbox/sandbox"
)

const trueProgram = "/bin/true"

// launchTable measures sandboxes that run a program that does nothing.
func launchTable(b *bench) (table, error) {
	list := []contestant{
		b.command("bubblewrap", 0, bwrapArgs(b.policy, trueProgram)...),
		b.command("usandbox run", 0.85, b.usandbox, "run", "--", trueProgram),
		b.withFilter(),
		b.command("usandbox run, no filter, no Landlock", 0, b.usandbox, "run", "--seccomp", "none", "--landlock", "none", "--", trueProgram),
		b.command("usandbox run, with a supervisor", 0, b.usandbox, "again", "run", "--", trueProgram),
		b.compiled(),
		try(b.inProcess(trueProgram)),
		b.cProgram("C program with the same calls", floorArgs(b.floor, b.policy, trueProgram)...),
		b.command("unshare -cmpfinuC, no mounts", 0, "unshare", "-cmpfinuC", trueProgram),
		b.command(trueProgram+" alone", 0, trueProgram),
		b.command("usandbox version alone: a Go program", 0, b.usandbox, "version"),
		b.cProgram("a static C program alone", b.floor),
	}
	results, err := contest(b.n, list)
	if err != nil {
		return table{}, err
	}
	t := table{
		title: fmt.Sprintf("Launch: %s in a sandbox, %d rounds", trueProgram, b.n),
		head:  []string{"what", "median", "p10", "p90", "to bubblewrap", "target"},
	}
	t.results(list, results)
	if x := ratio(results[1], results[2]); x != 0 {
		t.note("%s to %s: %.2f (target %s).", list[1].name, list[2].name, x, target(x, 0.75))
	}
	heap, heapResults, err := b.withHeap()
	if err != nil {
		t.note("from a process with a 1 GiB heap: not measured: %v", err)
		return t, nil
	}
	t.results(heap, heapResults)
	return t, nil
}

// results adds a row for each contestant; the first is what the others are
// compared to.
func (t *table) results(list []contestant, results []times) {
	for i, c := range list {
		if c.absent != nil {
			t.absent(c, c.absent)
			continue
		}
		r := results[i]
		x := ratio(r, results[0])
		compared := ""
		if x != 0 {
			compared = fmt.Sprintf("%.2f", x)
		}
		t.add(c.name, milliseconds(r.median()), milliseconds(r.at(0.1)), milliseconds(r.at(0.9)), compared, target(x, c.target))
	}
}

// compiled is an image that `usandbox compile` saved.
func (b *bench) compiled() contestant {
	file := filepath.Join(b.dir, "compiled")
	c := exec.Command(b.usandbox, "compile", "-o", file, "--", trueProgram)
	c.Dir = b.project
	err := output(c)
	if _, missing := os.Stat(file); err == nil && missing != nil {
		err = errors.New("usandbox compile made no file")
	}
	if err != nil {
		return contestant{name: "compiled image", absent: err}
	}
	return b.command("compiled image", 0.48, file)
}

// inProcess is the library, used by this process.
func (b *bench) inProcess(argv ...string) contestant {
	return contestant{name: "sandbox.Command(...).Run()", target: 0.50, run: func() error {
		c := sandbox.Command(argv[0], argv[1:]...)
		c.Policy = b.policy
		c.Env = environment()
		c.Stdin, c.Stdout, c.Stderr = b.null, b.null, b.null
		return c.Run()
	}}
}

// cProgram is the C floor program. Without arguments it does nothing.
func (b *bench) cProgram(name string, argv ...string) contestant {
	if b.floorErr != nil {
		if errors.Is(b.floorErr, exec.ErrNotFound) || errors.Is(b.floorErr, fs.ErrNotExist) {
			return contestant{name: name, absent: errors.New("no C compiler")}
		}
		return contestant{name: name, absent: b.floorErr}
	}
	return b.command(name, 0, argv...)
}
