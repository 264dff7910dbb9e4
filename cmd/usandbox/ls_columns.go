package main

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/usandbox/usandbox/internal/procfs"
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
	{"PATH", false, "a path to the namespace", path},
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

// lsCells makes the cells. It keeps what is asked for more than once.
type lsCells struct {
	noWrap   bool
	users    map[uint32]string
	commands map[int]string
}

func inodeCell(inode uint64) string { return strconv.FormatUint(inode, 10) }

func ofProcess(f func(*userns.Process) string) func(*lsCells, *lsRow) string {
	return func(_ *lsCells, r *lsRow) string {
		if r.process == nil {
			return ""
		}
		return f(r.process)
	}
}

// owner is the user of a row.
func (r *lsRow) owner() (uint32, bool) {
	if r.process != nil {
		return r.process.UID, true
	}
	return uint32(r.ns.OwnerUID), r.ns.OwnerUID >= 0
}

func (c *lsCells) uid(r *lsRow) string {
	if uid, ok := r.owner(); ok {
		return strconv.FormatUint(uint64(uid), 10)
	}
	return ""
}

func (c *lsCells) user(r *lsRow) string {
	uid, ok := r.owner()
	if !ok {
		return ""
	}
	name, known := c.users[uid]
	if !known {
		if c.users == nil {
			c.users = map[uint32]string{}
		}
		name = userOf(uid)
		c.users[uid] = name
	}
	return name
}

// userOf is a user's name; one without a name is a number.
func userOf(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil && u.Username != "" {
		return u.Username
	}
	return id
}

func (c *lsCells) command(r *lsRow) string {
	if r.process == nil {
		return ""
	}
	line, known := c.commands[r.process.PID]
	if !known {
		if c.commands == nil {
			c.commands = map[int]string{}
		}
		line = commandOf(r.process.PID)
		c.commands[r.process.PID] = line
	}
	return line
}

// commandOf is a process's command line, or its name; "" if it is gone.
func commandOf(pid int) string {
	dir := "/proc/" + strconv.Itoa(pid)
	line, _ := os.ReadFile(dir + "/cmdline")
	if len(line) == 0 || line[0] == 0 {
		name, _ := os.ReadFile(dir + "/comm")
		return procfs.Command(line, strings.TrimSuffix(string(name), "\n"))
	}
	return procfs.Command(line, "")
}

func path(_ *lsCells, r *lsRow) string {
	switch {
	case r.process != nil:
		return fmt.Sprintf("/proc/%d/ns/%v", r.process.PID, r.ns.Kind)
	case len(r.ns.Mounts) > 0:
		return r.ns.Mounts[0]
	case len(r.ns.FDs) > 0:
		return fmt.Sprintf("/proc/%d/fd/%d", r.ns.FDs[0].PID, r.ns.FDs[0].FD)
	}
	return ""
}

func netNSID(_ *lsCells, r *lsRow) string {
	if r.ns.Kind != userns.Network {
		return ""
	}
	h, err := r.ns.Open()
	if err != nil {
		return ""
	}
	defer h.Close()
	id, assigned, err := h.NetID()
	switch {
	case err != nil:
		return ""
	case !assigned:
		return "unassigned"
	}
	return strconv.Itoa(int(id))
}

func (c *lsCells) mounted(r *lsRow) string {
	between := "\n"
	if c.noWrap {
		between = ","
	}
	return strings.Join(mountPoints(r.ns), between)
}

// mountPoints are where a namespace is mounted, each path once.
func mountPoints(n *userns.Namespace) []string {
	var list []string
	for _, m := range n.Mounts {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}
