package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
)

func diffCommand(args []string) int {
	set := newFlagSet("diff")
	stat := set.Bool("stat", false, "sizes, and how many lines were added and removed")
	patch := set.Bool("patch", false, "a unified diff, for patch -p1 or git apply; sizes and hashes of what is not text")
	asJSON := set.Bool("json", false, "print JSON")
	color := set.String("color", "auto", "`WHEN` to use colours: auto, always or never")
	if code, ok := parseSmall(set, args, 0, 1); !ok {
		return code
	}
	out, err := newPainter(os.Stdout, *color)
	if err == nil && (*stat && *patch || *stat && *asJSON || *patch && *asJSON) {
		err = errors.New("--stat, --patch and --json exclude each other")
	}
	if err != nil {
		return fail(err)
	}
	run, code := findRun(set.Arg(0))
	if run == nil {
		return code
	}
	view, changes, err := reviewed(run)
	if err != nil {
		return failReview(err)
	}
	defer view.Close()
	if view.Running {
		fmt.Fprintf(os.Stderr, "usandbox: the run %s still goes on; this is what it has changed so far\n", run.ID)
	}
	switch {
	case *asJSON:
		err = printChangesJSON(out, run, view.Running, changes)
	case *patch:
		err = printPatch(out, view, changes)
	case *stat:
		printStat(out, view, changes)
	default:
		printChanges(out, run, changes)
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return fail(fmt.Errorf("print the changes: %w", err))
	}
	return 0
}

// findRun is the run that an id, or the beginning of one, is about; without an id, the
// newest of the current folder. Nil: that there is none has been said.
func findRun(id string) (*cow.Run, int) {
	find := cow.Find
	if id == "" {
		find = newestHere
	}
	run, err := find(id)
	if err == nil {
		return run, 0
	}
	return nil, fail(err, "usandbox runs lists those of all folders")
}

// newestHere is the newest run of the current folder.
func newestHere(string) (*cow.Run, error) {
	here, err := unix.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	return cow.Newest(here)
}

// reviewed looks at a run.
func reviewed(run *cow.Run) (*cow.Review, []cow.Change, error) {
	view, err := run.Review()
	if err == nil {
		var changes []cow.Change
		if changes, err = view.Changes(); err == nil {
			return view, changes, nil
		}
		view.Close()
	}
	return nil, nil, reviewError(run, err)
}

// failReview says why a run cannot be looked at.
func failReview(err error) int {
	var h hinted
	errors.As(err, &h)
	return fail(err, h.hint)
}

// reviewError adds what can be done.
func reviewError(run *cow.Run, err error) error {
	var moved *cow.MovedError
	switch {
	case errors.As(err, &moved):
		return hinted{err, "put the folder back, or usandbox discard " + run.ID}
	case errors.Is(err, cow.ErrRunning):
		return hinted{fmt.Errorf("%s: %w", run.ID, err), "wait for its end; usandbox diff " + run.ID + " shows what it has changed so far"}
	}
	return err
}

// painter writes to a terminal, or to something else.
type painter struct {
	*bufio.Writer
	color    bool
	terminal bool // what is written may be obeyed
}

func newPainter(f *os.File, when string) (*painter, error) {
	p := &painter{Writer: bufio.NewWriterSize(f, 64<<10), terminal: isTerminal(f)}
	switch when {
	case "always":
		p.color = true
	case "never":
	case "auto":
		p.color = p.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	default:
		return nil, flagError("color", fmt.Errorf("%q is neither auto, always nor never", when))
	}
	return p, nil
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Colours, SGR parameters of ECMA-48.
const (
	plain  = ""
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint writes text in a colour.
func (p *painter) paint(color, text string) {
	if !p.color || color == plain {
		io.WriteString(p, text)
		return
	}
	fmt.Fprintf(p, "\x1b[%sm%s\x1b[m", color, text)
}
