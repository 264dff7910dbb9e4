package main

import (
	"errors"
	"fmt"
	"sync"
)

const (
	atOnce   = 4
	launches = 100 // in a block
)

// throughputTable measures how many launches a second several callers get at once.
// A contest of blocks: each round every contestant makes a block of launches.
func throughputTable(b *bench) (table, error) {
	inProcess := try(b.inProcess(trueProgram))
	list := []contestant{
		b.command("bubblewrap", 0, bwrapArgs(b.policy, trueProgram)...),
		b.command("usandbox run", 1.3, b.usandbox, "run", "--", trueProgram),
		b.compiled(),
		inProcess,
	}
	list[2].target, list[3].target = 0, 0
	for i := range list {
		if once := list[i].run; once != nil {
			list[i].run = func() error { return many(once) }
		}
	}
	blocks := max(b.n/50, 2)
	results, err := contest(blocks, list)
	if err != nil {
		return table{}, err
	}
	t := table{
		title: fmt.Sprintf("Throughput: %d launches of %s, %d at a time", blocks*launches, trueProgram, atOnce),
		head:  []string{"what", "launches a second", "to bubblewrap", "target"},
	}
	for i, c := range list {
		if c.absent != nil {
			t.absent(c, c.absent)
			continue
		}
		rate := launches / results[i].median().Seconds()
		row := []string{c.name, fmt.Sprintf("%.0f", rate), "", ""}
		if r := ratio(results[0], results[i]); r != 0 {
			row[2] = fmt.Sprintf("%.2f", r)
			if c.target != 0 {
				row[3] = atLeast(r, c.target)
			}
		}
		t.add(row...)
	}
	return t, nil
}

// many runs a block of launches, atOnce of them at a time.
func many(once func() error) error {
	var group sync.WaitGroup
	errs := make([]error, atOnce)
	for worker := range atOnce {
		group.Go(func() {
			for range launches / atOnce {
				errs[worker] = errors.Join(errs[worker], once())
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
