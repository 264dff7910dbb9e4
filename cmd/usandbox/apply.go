package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/sandbox"
)

// exitLeft says that something was not applied: conflicts, or refused parts.
const exitLeft = 1

func applyCommand(args []string) int {
	set := newFlagSet("apply")
	var o applying
	set.BoolVar(&o.Force, "force", false, "also what the host has changed meanwhile, which is lost then")
	set.BoolVar(&o.AllowSetuid, "allow-setuid", false, "keep set-user-id and set-group-id bits")
	set.BoolVar(&o.DryRun, "dry-run", false, "change nothing; say what would be done")
	set.BoolVar(&o.keep, "keep", false, "keep the run when all of it is applied")
	if code, ok := parseSmall(set, args, 0, -1); !ok {
		return code
	}
	run, paths, code := runAndPaths(set.Args())
	if run == nil {
		return code
	}
	o.run = run
	if len(paths) > 0 {
		selected, err := newSelection(run, paths)
		if err != nil {
			return fail(err, "usandbox diff "+run.ID+" lists the paths")
		}
		if code := selected.check(); code != 0 {
			return code
		}
		o.Select = selected.has
	}
	return o.apply()
}

// runAndPaths takes the arguments apart: the first is a run's id if it is one, else
// all are paths.
func runAndPaths(args []string) (*cow.Run, []string, int) {
	if len(args) > 0 {
		if run, err := cow.Find(args[0]); err == nil && args[0] != "" {
			if args[0] != run.ID && isPath(args[0]) {
				return nil, nil, fail(fmt.Errorf("%q is a path, and the beginning of a run's id", args[0]), "./"+args[0]+" is the path, "+run.ID+" the run")
			}
			return run, args[1:], 0
		}
		if _, err := os.Lstat(args[0]); err != nil && !strings.Contains(args[0], "/") && len(args) == 1 {
			// Neither: most probably an id that was mistyped, unless the run knows the path.
			run, code := findRun("")
			if run == nil {
				return nil, nil, code
			}
			s, err := newSelection(run, args)
			if err != nil || !s.any() {
				return nil, nil, fail(fmt.Errorf("%q is no run, and no path that the run %s has changed", args[0], run.ID), "usandbox runs lists the runs")
			}
		}
	}
	run, code := findRun("")
	return run, args, code
}

// isPath reports whether there is such a path here, or one that the newest run changed.
func isPath(arg string) bool {
	if _, err := os.Lstat(arg); err == nil {
		return true
	}
	run, err := newestHere("")
	if err != nil {
		return false
	}
	s, err := newSelection(run, []string{arg})
	return err == nil && s.any()
}

// applying is one use of apply.
type applying struct {
	cow.ApplyOptions
	run  *cow.Run
	keep bool
}

// apply applies, says what is left and what to look at, and discards the run if
// nothing is.
func (o *applying) apply() int {
	out, _ := newPainter(os.Stdout, "auto")
	defer out.Flush()
	o.Report = func(c *cow.Change, outcome cow.Outcome, why string) {
		if outcome == cow.Applied {
			if o.DryRun && c.To == "" {
				printChange(out, c, 0)
			}
			if w := warning(o.run, c); w != "" {
				out.Flush()
				fmt.Fprintf(os.Stderr, "usandbox: %s\n", w)
			}
			return
		}
		out.Flush()
		fmt.Fprintf(os.Stderr, "usandbox: %s: %s: %s\n", outcomeNames[outcome], printable(whereIs(o.run, c)), printable(why))
	}
	sum, err := o.run.Apply(o.ApplyOptions)
	if err != nil {
		return failReview(fmt.Errorf("apply %w", reviewError(o.run, err)))
	}
	done := "applied"
	if o.DryRun {
		done = "would be applied"
	}
	fmt.Fprintf(out, "%d of %d changes %s\n", sum.Applied, sum.All, done)
	switch {
	case sum.Failed > 0:
		return fail(fmt.Errorf("%d changes could not be applied", sum.Failed), "usandbox diff "+o.run.ID+" shows what is left")
	case sum.Conflicts+sum.Refused > 0:
		out.Flush()
		fmt.Fprintf(os.Stderr, "hint: usandbox diff %s shows what is left%s\n", o.run.ID, o.wayOut(sum))
		return exitLeft
	case o.DryRun || o.keep || !sum.Complete():
		return 0
	}
	if err := o.run.Discard(); err != nil {
		return fail(fmt.Errorf("discard the run %s: %w", o.run.ID, err))
	}
	return 0
}

// wayOut says how what is left can be applied.
func (o *applying) wayOut(sum cow.Summary) string {
	switch {
	case sum.Conflicts > 0 && !o.Force:
		return "; --force takes the command's side"
	case sum.Refused > 0 && !o.AllowSetuid:
		return "; --allow-setuid keeps such bits, usandbox discard " + o.run.ID + " ends it"
	}
	return ""
}

var outcomeNames = map[cow.Outcome]string{cow.Conflict: "conflict", cow.Refused: "refused", cow.Failed: "failed"}

// warning is what to know of a change that is applied; empty for most.
func warning(run *cow.Run, c *cow.Change) string {
	where := printable(whereIs(run, c))
	later := sandbox.RunsLater(laterName(run, c)) || inRepository(whereIs(run, c))
	executable := c.New.Type() == unix.S_IFREG && c.New.Mode&0o111 != 0
	switch {
	case later && c.Kind == cow.Deleted:
		return "WARNING: " + where + " is gone: a program outside may act on something else instead"
	case later:
		return "WARNING: " + where + " is run or obeyed later by programs outside; look at it first"
	case executable && (c.Kind != cow.Modified || c.Old.Mode&0o111 == 0):
		return where + " is executable now"
	}
	return ""
}

// inRepository reports whether a path is the settings, or a hook, of a bare repository
// of git that is there already. Alone such names are anybody's.
func inRepository(name string) bool {
	dir, base := filepath.Split(name)
	if filepath.Base(dir) == "hooks" {
		dir = filepath.Dir(filepath.Clean(dir))
	} else if base != "config" {
		return false
	}
	_, noHead := os.Lstat(filepath.Join(dir, "HEAD"))
	_, noObjects := os.Lstat(filepath.Join(dir, "objects"))
	return noHead == nil && noObjects == nil
}

// laterName is a change's path with the last names of the folder that it is in: a
// folder of a run may be .git/hooks itself.
func laterName(run *cow.Run, c *cow.Change) string {
	above, dir := filepath.Split(run.Layers[c.Layer].Dir)
	return strings.TrimPrefix(filepath.Join(filepath.Base(above), dir, c.Path), "/")
}
