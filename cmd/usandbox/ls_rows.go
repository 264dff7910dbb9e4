package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/usandbox/usandbox/userns"
)

// lsRow is a namespace and a process in it, or none: of a list of namespaces the
// one with the lowest PID, of the processes of a namespace each.
type lsRow struct {
	ns       *userns.Namespace
	process  *userns.Process
	children []*lsRow // of a tree
}

// relation is what the tree shows; "" for a list.
func (f *lsFlags) relation() string {
	switch {
	case f.list:
		return ""
	case f.tree == "":
		return "process"
	}
	return f.tree
}

// rows are the rows at the top. inode is the namespace whose processes are wanted,
// or 0.
func (f *lsFlags) rows(list []*userns.Namespace, inode uint64) ([]*lsRow, error) {
	if inode != 0 {
		return f.processRows(list, inode)
	}
	wanted := func(*userns.Namespace) bool { return true }
	switch {
	case f.persistent:
		wanted = func(n *userns.Namespace) bool { return len(n.Processes) == 0 && len(n.Mounts)+len(n.FDs) > 0 }
	case f.set.Changed("task"):
		wanted = func(n *userns.Namespace) bool { return hasProcess(n, f.task) }
		if !slices.ContainsFunc(list, wanted) {
			return nil, flagError("task", unseen(f.task))
		}
	}
	b := &lsTree{byInode: map[uint64]*userns.Namespace{}, shown: map[uint64]*lsRow{}, byPID: map[int]*lsRow{}}
	for _, n := range list {
		b.byInode[n.Inode] = n
	}
	for _, n := range list {
		if wanted(n) {
			b.show(n, f.relation())
		}
	}
	return b.top, nil
}

func hasProcess(n *userns.Namespace, pid int) bool {
	return slices.ContainsFunc(n.Processes, func(p *userns.Process) bool { return p.PID == pid })
}

// unseen says why nothing is known of a process.
func unseen(pid int) error {
	_, err := userns.Of(pid)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no process %d", pid)
	case errors.Is(err, fs.ErrPermission):
		return hinted{fmt.Errorf("process %d is not yours to look into", pid), "sudo usandbox ls --task " + strconv.Itoa(pid)}
	case err != nil:
		return err
	}
	return fmt.Errorf("process %d is in no namespace of these kinds, or is a thread", pid)
}

// lsTree builds the rows.
type lsTree struct {
	byInode map[uint64]*userns.Namespace
	shown   map[uint64]*lsRow
	byPID   map[int]*lsRow // the last row of each process
	top     []*lsRow
}

// show adds a row for n below that of what it belongs to, which is added first,
// also if it is not wanted itself: the tree would fall apart.
func (b *lsTree) show(n *userns.Namespace, relation string) *lsRow {
	if row := b.shown[n.Inode]; row != nil {
		return row
	}
	row := &lsRow{ns: n}
	b.shown[n.Inode] = row
	if len(n.Processes) > 0 {
		row.process = n.Processes[0]
	}
	var above *lsRow
	switch owner, parent := b.byInode[n.Owner], b.byInode[n.Parent]; {
	case relation == "owner" && owner != nil:
		above = b.show(owner, relation)
	case relation == "parent" && parent != nil:
		above = b.show(parent, relation)
	case relation == "parent" && owner != nil:
		b.show(owner, relation) // stands before what it owns
	case relation == "process" && row.process != nil:
		above = b.byPID[row.process.PPID]
	}
	if above != nil {
		above.children = append(above.children, row)
	} else {
		b.top = append(b.top, row)
	}
	if row.process != nil {
		b.byPID[row.process.PID] = row
	}
	return row
}

// processRows are the processes of one namespace.
func (f *lsFlags) processRows(list []*userns.Namespace, inode uint64) ([]*lsRow, error) {
	i := slices.IndexFunc(list, func(n *userns.Namespace) bool { return n.Inode == inode })
	if i < 0 {
		return nil, fmt.Errorf("list namespaces: you see no namespace %d", inode)
	}
	n := list[i]
	rows := map[int]*lsRow{}
	for _, p := range n.Processes {
		rows[p.PID] = &lsRow{ns: n, process: p}
	}
	var top []*lsRow
	for _, p := range n.Processes {
		if above := rows[p.PPID]; above != nil && above != rows[p.PID] && f.relation() != "" {
			above.children = append(above.children, rows[p.PID])
		} else {
			top = append(top, rows[p.PID])
		}
	}
	return top, nil
}
