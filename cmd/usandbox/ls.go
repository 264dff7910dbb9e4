package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/usandbox/usandbox/userns"
)

func lsCommand(args []string) int {
	f := newLsFlags()
	rest, err := f.parse(args)
	if errors.Is(err, errHelp) {
		return 0
	}
	if err == nil {
		err = f.run(rest)
	}
	var h hinted
	if errors.As(err, &h) {
		return fail(err, h.hint)
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

// maxPID is the largest process id that Linux can be set to give, proc(5). The
// numbers of namespaces begin above it.
const maxPID = 1 << 22

func (f *lsFlags) run(args []string) error {
	var inode uint64
	switch {
	case len(args) > 1:
		return fmt.Errorf("list namespaces: more than one argument: %q", args)
	case len(args) == 1:
		n, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil || n == 0 {
			err := fmt.Errorf("list namespaces: %q is no process id and no number of a namespace", args[0])
			if slices.Contains(f.allowedTree, args[0]) {
				return hinted{err, "usandbox ls --tree=" + args[0]}
			}
			return err
		}
		if n <= maxPID {
			return f.explain(int(n))
		}
		inode = n
		if f.set.Changed("task") || f.set.Changed("persistent") {
			return fmt.Errorf("list namespaces: --task and --persistent go with no number of a namespace")
		}
	}
	columns, err := f.columns(inode != 0)
	if err != nil {
		return err
	}
	var kinds userns.Set
	for _, t := range f.types {
		s, err := userns.ParseSet(t, lsKinds)
		if err != nil {
			return flagError("type", err)
		}
		kinds |= s
	}
	list, err := userns.List(kinds.List()...)
	if err != nil {
		return err
	}
	rows, err := f.rows(list, inode)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	f.print(out, columns, rows)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("print the list: %w", err)
	}
	return nil
}

func (f *lsFlags) print(out *bufio.Writer, columns []lsColumn, rows []*lsRow) {
	cells := &lsCells{noWrap: f.noWrap || f.raw}
	switch {
	case f.json:
		printLsJSON(out, columns, rows, cells)
	case f.raw:
		printLsRaw(out, columns, rows, cells, !f.noHeadings)
	default:
		t := lsTable{columns: columns, headings: !f.noHeadings, tree: f.treeColumn(), ascii: !utf8Locale()}
		if !f.noTruncate {
			t.width = terminalWidth()
		}
		t.print(out, rows, cells)
	}
}
