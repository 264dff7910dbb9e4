package main

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// table is the answer of one benchmark.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
	words bool // all columns are words: aligned to the left
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }
func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}
func (t *table) absent(c contestant, why error) { t.note("%s: not measured: %v", c.name, why) }
func (t table) markdown() string                { return t.print("## ", "| ", " | ", " |", true) }
func (t table) text() string                    { return t.print("", "  ", "  ", "", false) }

// print aligns the columns: names to the left, numbers to the right.
func (t table) print(mark, before, between, after string, rule bool) string {
	rows := append([][]string{t.head}, t.rows...)
	width := make([]int, len(t.head))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n\n", mark, t.title)
	for n, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if cells[i] = pad + cell; i == 0 || t.words {
				cells[i] = cell + pad
			}
		}
		fmt.Fprintln(&b, strings.TrimRight(before+strings.Join(cells, between)+after, " "))
		if n == 0 && rule {
			other := "|--:"
			if t.words {
				other = "|---"
			}
			fmt.Fprintln(&b, "|---"+strings.Repeat(other, len(row)-1)+"|")
		}
	}
	for _, note := range t.notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	return b.String()
}

// milliseconds prints a time as it is compared here.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// target prints a limit, and whether it is kept.
func target(got, limit float64) string {
	switch {
	case limit == 0 || got == 0:
		return ""
	case got <= limit:
		return "<= " + number(limit) + ": kept"
	}
	return "<= " + number(limit) + ": MISSED"
}

// number prints three digits of what has a fraction.
func number(x float64) string {
	if x == math.Trunc(x) {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}

// atLeast is target for what is good when it is large.
func atLeast(got, limit float64) string {
	if got >= limit {
		return ">= " + number(limit) + ": kept"
	}
	return ">= " + number(limit) + ": MISSED"
}
