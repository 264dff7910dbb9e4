package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
)

// printStat prints a line for each file that came, went or has other contents: the
// lines that were added and removed of a text, else its sizes; and the sum.
func printStat(out *painter, view *cow.Review, changes []cow.Change) {
	added, removed := 0, 0
	for i := range changes {
		c := &changes[i]
		if c.To != "" || c.From != "" || c.Kind == cow.Modified && c.What&cow.Content == 0 ||
			c.Old.Type() != unix.S_IFREG && c.New.Type() != unix.S_IFREG {
			continue
		}
		plus, minus, ok := countLines(view, c)
		if !ok {
			fmt.Fprintf(out, "%s  %d -> %d bytes\n", printable(c.Path), c.Old.Size, c.New.Size)
			continue
		}
		added, removed = added+plus, removed+minus
		out.WriteString(printable(c.Path) + "  ")
		out.paint(green, fmt.Sprintf("+%d", plus))
		out.WriteByte(' ')
		out.paint(red, fmt.Sprintf("-%d", minus))
		out.WriteByte('\n')
	}
	fmt.Fprintf(out, "%s; %d lines added, %d removed\n", sumOf(changes), added, removed)
}

// countLines counts the lines that a change adds and removes. Not ok: it is no text,
// or too long.
func countLines(view *cow.Review, c *cow.Change) (plus, minus int, ok bool) {
	texts := [2][]byte{}
	for i, side := range []struct {
		info cow.Info
		open func(*cow.Change) (*os.File, error)
	}{{c.Old, view.Old}, {c.New, view.New}} {
		if side.info.Type() != unix.S_IFREG {
			continue
		}
		if side.info.Size > maxPatched {
			return 0, 0, false
		}
		b, err := read(side.info, func() (*os.File, error) { return side.open(c) })
		if err != nil || !b.text {
			return 0, 0, false
		}
		texts[i] = b.bytes
	}
	body := diff.Diff("a", texts[0], "b", texts[1])
	for range 3 {
		_, body, _ = bytes.Cut(body, []byte("\n"))
	}
	for line := range bytes.Lines(body) {
		switch line[0] {
		case '+':
			plus++
		case '-':
			minus++
		}
	}
	return plus, minus, true
}
