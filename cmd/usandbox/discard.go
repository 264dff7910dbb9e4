package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/usandbox/usandbox/cache"
	"github.com/usandbox/usandbox/cow"
)

func discardCommand(args []string) int {
	set := newFlagSet("discard")
	all := set.Bool("all", false, "all runs that have ended, also damaged ones")
	caches := set.Bool("caches", false, "the layers of --cache, of all projects; no run, unless one is named")
	if code, ok := parseSmall(set, args, 0, -1); !ok {
		return code
	}
	if *all && set.NArg() > 0 {
		return fail(errors.New("name the runs, or give --all"), "usandbox runs lists them")
	}
	code := 0
	if *caches {
		if code = discardCaches(); !*all && set.NArg() == 0 {
			return code
		}
	}
	damaged, err := cow.DamagedRuns()
	if err != nil {
		return fail(err)
	}
	if *all {
		return max(code, discardAll(damaged))
	}
	ids := set.Args()
	if len(ids) == 0 {
		run, code := findRun("")
		if run == nil {
			return code
		}
		fmt.Fprintf(os.Stderr, "usandbox: discarding %s: %s\n", run.ID, printable(strings.Join(run.Command, " ")))
		ids = []string{run.ID}
	}
	var discards []func() error // all are found before one is removed
	for _, id := range ids {
		discard, err := discardOf(id, damaged)
		if err != nil {
			return fail(err, "usandbox runs lists them")
		}
		discards = append(discards, discard)
	}
	for i, discard := range discards {
		if err := discard(); err != nil {
			code = failDiscard(ids[i], err)
		}
	}
	return code
}

// discardCaches removes the layers that --cache has made.
func discardCaches() int {
	removed, used, err := cache.Discard()
	for _, project := range used {
		fmt.Fprintf(os.Stderr, "usandbox: a sandbox uses caches of %s; they are kept\n", printable(project))
	}
	if err != nil {
		return fail(fmt.Errorf("discard caches: %w", err))
	}
	fmt.Fprintf(os.Stderr, "usandbox: layers discarded: %d\n", removed)
	return 0
}

// discardOf finds a run, or a damaged one by its whole name.
func discardOf(id string, damaged []cow.Damaged) (func() error, error) {
	for _, d := range damaged {
		if d.Name == id {
			return d.Discard, nil
		}
	}
	if id == "" {
		return nil, errors.New("an id is empty")
	}
	run, err := cow.Find(id)
	if err != nil {
		return nil, err
	}
	return run.Discard, nil
}

func discardAll(damaged []cow.Damaged) int {
	runs, _ := cow.Runs() // what is wrong with others is in damaged
	code := 0
	for _, r := range runs {
		switch err := r.Discard(); {
		case errors.Is(err, cow.ErrRunning):
			fmt.Fprintf(os.Stderr, "usandbox: the run %s still goes on and is kept\n", r.ID)
		case err != nil:
			code = failDiscard(r.ID, err)
		}
	}
	for _, d := range damaged {
		if err := d.Discard(); err != nil {
			code = failDiscard(d.Name, err)
		}
	}
	return code
}

func failDiscard(id string, err error) int {
	hint := ""
	if errors.Is(err, cow.ErrRunning) {
		hint = "wait for its end"
	}
	return fail(fmt.Errorf("discard %s: %w", id, err), hint)
}
