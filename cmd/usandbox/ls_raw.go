package main

import (
	"bufio"
	"strings"
)

// printLsRaw prints rows for programs that split lines: an empty cell is nothing
// between two spaces.
func printLsRaw(out *bufio.Writer, columns []lsColumn, rows []*lsRow, cells *lsCells, headings bool) {
	if headings {
		for i, c := range columns {
			if i > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(c.name)
		}
		out.WriteByte('\n')
	}
	for _, r := range rows {
		for i, c := range columns {
			if i > 0 {
				out.WriteByte(' ')
			}
			// The backslashes of printable are its own.
			for j, part := range strings.Split(c.cell(cells, r), `\`) {
				if j > 0 {
					out.WriteString(`\x5c`)
				}
				out.WriteString(strings.ReplaceAll(printable(part), " ", `\x20`))
			}
		}
		out.WriteByte('\n')
		printLsRaw(out, columns, r.children, cells, false)
	}
}
