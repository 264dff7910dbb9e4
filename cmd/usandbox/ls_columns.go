package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/userns"
)

// lsColumn is a column of ls.
type lsColumn struct {
	name   string
	number bool // to the right, and a number in JSON
	help   string
	cell   func(c *lsCells, r *lsRow) string // as it is, to be escaped; "": empty
}

// lsColumns are all columns. NSFS, PNS and ONS are other names, and NSFS another
// form, that lsns(8) has.
var lsColumns = []lsColumn{
	{"NS", true, "number of the namespace", func(_ *lsCells, r *lsRow) string { return inodeCell(r.ns.Inode) }},
	{"TYPE", false, "its kind", func(_ *lsCells, r *lsRow) string { return r.ns.Kind.String() }},
	{"NPROCS", true, "number of processes in it", func(_ *lsCells, r *lsRow) string { return strconv.Itoa(len(r.ns.Processes)) }},
	{"PID", true, "lowest PID in it", ofProcess(func(p *userns.Process) string { return strconv.Itoa(p.PID) })},
	{"PPID", true, "the parent of that PID", ofProcess(func(p *userns.Process) string { return strconv.Itoa(p.PPID) })},
	{"USER", false, "the user of that PID; without a process, who made the namespace or its owner", (*lsCells).user},
	{"UID", true, "the same as a number", (*lsCells).uid},
	{"COMMAND", false, "the command line of that PID", (*lsCells).command},
	{"PATH", false, "a path to the namespace", pathCell},
	{"OWNER", true, "the user namespace that owns it; 0: not to be seen", func(_ *lsCells, r *lsRow) string { return inodeCell(r.ns.Owner) }},
	{"PARENT", true, "the parent of a user or PID namespace; 0: likewise", func(_ *lsCells, r *lsRow) string { return inodeCell(r.ns.Parent) }},
	{"NETNSID", false, "the number that your network namespace has for it, ip-netns(8)", netNSID},
	{"NSFS", false, "where it is mounted", (*lsCells).mounted},
	{"ONS", true, "OWNER", func(_ *lsCells, r *lsRow) string { return inodeCell(r.ns.Owner) }},
	{"PNS", true, "PARENT", func(_ *lsCells, r *lsRow) string { return inodeCell(r.ns.Parent) }},
}

// columns are those that the flags ask for.
func (f *lsFlags) columns(processes bool) ([]lsColumn, error) {
	names := []string{"NS", "TYPE", "NPROCS", "PID", "USER", "COMMAND"}
	if slices.Contains(f.types, "net") {
		names = []string{"NS", "TYPE", "NPROCS", "PID", "USER", "NETNSID", "NSFS", "COMMAND"}
	}
	if processes {
		names = []string{"PID", "PPID", "USER", "COMMAND"}
	}
	if f.outputAll {
		return lsColumns[:len(lsColumns)-2], nil
	}
	for _, arg := range f.output {
		more, add := strings.CutPrefix(arg, "+")
		if !add {
			names = nil
		}
		names = append(names, strings.Split(more, ",")...)
	}
	var list []lsColumn
	for _, name := range names {
		i := slices.IndexFunc(lsColumns, func(c lsColumn) bool { return c.name == strings.ToUpper(name) })
		if i < 0 {
			var all []string
			for _, c := range lsColumns {
				all = append(all, c.name)
			}
			return nil, hinted{flagError("output", fmt.Errorf("there is no column %q", name)), "columns are " + strings.Join(all, ",")}
		}
		if !slices.ContainsFunc(list, func(c lsColumn) bool { return c.name == lsColumns[i].name }) {
			list = append(list, lsColumns[i])
		}
	}
	return list, nil
}
