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

func pathCell(_ *lsCells, r *lsRow) string {
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
