package main

import (
	"bufio"
	"strconv"
	"strings"
	"unicode/utf16"
)

// printLsJSON prints {"namespaces": [...]}: objects with the names of the columns
// in lower case, null for an empty cell, and "children" in a tree.
func printLsJSON(out *bufio.Writer, columns []lsColumn, rows []*lsRow, cells *lsCells) {
	out.WriteString("{\n  \"namespaces\": ")
	jsonRows(out, columns, rows, cells, "  ")
	out.WriteString("\n}\n")
}

func jsonRows(out *bufio.Writer, columns []lsColumn, rows []*lsRow, cells *lsCells, indent string) {
	if len(rows) == 0 {
		out.WriteString("[]")
		return
	}
	inner := indent + "    "
	out.WriteString("[")
	for i, r := range rows {
		if i > 0 {
			out.WriteString(",")
		}
		out.WriteString("\n" + indent + "  {")
		for j, c := range columns {
			if j > 0 {
				out.WriteString(",")
			}
			out.WriteString("\n" + inner + jsonString(strings.ToLower(c.name)) + ": ")
			switch cell := c.cell(cells, r); {
			case cell == "":
				out.WriteString("null")
			case c.number:
				out.WriteString(cell)
			default:
				out.WriteString(jsonString(cell))
			}
		}
		if len(r.children) > 0 {
			out.WriteString(",\n" + inner + "\"children\": ")
			jsonRows(out, columns, r.children, cells, inner)
		}
		out.WriteString("\n" + indent + "  }")
	}
	out.WriteString("\n" + indent + "]")
}

// jsonString is a JSON string that is safe for a terminal, too: what is not
// printable is escaped. Bytes that are no UTF-8 become U+FFFD, JSON has no others.
func jsonString(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b.WriteString(jsonEscape(high) + jsonEscape(low))
		default:
			b.WriteString(jsonEscape(r))
		}
	}
	b.WriteByte('"')
	return b.String()
}

func jsonEscape(r rune) string { return `\u` + strconv.FormatInt(0x10000|int64(r), 16)[1:] }
