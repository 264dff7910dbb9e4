package main

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// lsTable prints rows as a table, one space between columns.
type lsTable struct {
	columns  []lsColumn
	headings bool
	tree     string // the column in which the tree is drawn; "": none
	ascii    bool   // draw it in ASCII
	width    int    // of the terminal; 0: none
}

// treeColumn is where a tree is drawn: a tree of processes at their commands.
func (f *lsFlags) treeColumn() string {
	switch f.relation() {
	case "":
		return ""
	case "process":
		return "COMMAND"
	}
	return "NS"
}

// lsLine is a row of text: of each column the lines in its cell, escaped.
type lsLine [][]string

func (t *lsTable) print(out *bufio.Writer, rows []*lsRow, cells *lsCells) {
	var lines []lsLine
	if t.headings {
		var head lsLine
		for _, c := range t.columns {
			head = append(head, []string{c.name})
		}
		lines = append(lines, head)
	}
	t.add(&lines, rows, "", true, cells)
	widths := t.fit(lines)
	for _, line := range lines {
		height := 1
		for _, cell := range line {
			height = max(height, len(cell))
		}
		for i := range height {
			t.printLine(out, line, i, widths)
		}
	}
}

// add adds rows and what is below them; before is what is drawn before them.
func (t *lsTable) add(lines *[]lsLine, rows []*lsRow, before string, top bool, cells *lsCells) {
	for i, r := range rows {
		branch, below := before, before
		switch last := i == len(rows)-1; {
		case top:
		case last && t.ascii:
			branch, below = before+"`-", before+"  "
		case last:
			branch, below = before+"└─", before+"  "
		case t.ascii:
			branch, below = before+"|-", before+"| "
		default:
			branch, below = before+"├─", before+"│ "
		}
		var line lsLine
		for _, c := range t.columns {
			cell := []string{c.cell(cells, r)}
			if points := mountPoints(r.ns); c.name == "NSFS" && !cells.noWrap && len(points) > 0 {
				cell = points
			}
			for i := range cell {
				cell[i] = printable(cell[i])
			}
			if c.name == t.tree {
				cell[0] = branch + cell[0]
			}
			line = append(line, cell)
		}
		*lines = append(*lines, line)
		t.add(lines, r.children, below, false, cells)
	}
}

// fit are the widths of the columns. COMMAND gives way to what the terminal has.
func (t *lsTable) fit(lines []lsLine) []int {
	widths := make([]int, len(t.columns))
	sum := len(t.columns) - 1
	for i := range widths {
		for _, line := range lines {
			for _, part := range line[i] {
				widths[i] = max(widths[i], utf8.RuneCountInString(part))
			}
		}
		sum += widths[i]
	}
	command := slices.IndexFunc(t.columns, func(c lsColumn) bool { return c.name == "COMMAND" })
	if command >= 0 && t.width > 0 && sum > t.width {
		widths[command] = max(widths[command]-(sum-t.width), len("COMMAND"))
	}
	return widths
}

// printLine prints the i-th line of a row.
func (t *lsTable) printLine(out *bufio.Writer, line lsLine, i int, widths []int) {
	var b strings.Builder
	for c, cell := range line {
		part := ""
		if i < len(cell) {
			part = cell[i]
		}
		if runes := []rune(part); len(runes) > widths[c] {
			part = string(runes[:widths[c]])
		}
		pad := strings.Repeat(" ", widths[c]-utf8.RuneCountInString(part))
		if c > 0 {
			b.WriteByte(' ')
		}
		if t.columns[c].number && t.columns[c].name != t.tree {
			b.WriteString(pad + part)
		} else {
			b.WriteString(part + pad)
		}
	}
	out.WriteString(strings.TrimRight(b.String(), " "))
	out.WriteByte('\n')
}

// terminalWidth is the width of standard output; 0: it is no terminal.
func terminalWidth() int {
	size, err := unix.IoctlGetWinsize(int(os.Stdout.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// utf8Locale reports whether the terminal is said to draw more than ASCII,
// locale(7).
func utf8Locale() bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(key); value != "" {
			value = strings.ToLower(value)
			return strings.HasSuffix(value, "utf-8") || strings.HasSuffix(value, "utf8")
		}
	}
	return false
}
