package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/userns"
)

// lsFlags are the flags of ls. Their names and meanings are those of lsns(8).
type lsFlags struct {
	set *pflag.FlagSet

	json, raw   bool
	list        bool
	noHeadings  bool
	noTruncate  bool
	noWrap      bool
	persistent  bool
	outputAll   bool
	output      []string
	types       []string
	task        int
	tree        string
	allowedTree []string
}

// lsKinds are the kinds that --type knows.
var lsKinds = userns.SetOf(userns.Mount, userns.Network, userns.IPC, userns.User, userns.PID, userns.UTS, userns.Cgroup, userns.Time)

func newLsFlags() *lsFlags {
	f := &lsFlags{set: pflag.NewFlagSet("ls", pflag.ContinueOnError), allowedTree: []string{"owner", "parent", "process"}}
	s := f.set
	s.SortFlags = false
	s.Usage = func() {}
	s.BoolVarP(&f.json, "json", "J", false, "print JSON; with a tree, nested as \"children\"")
	s.BoolVarP(&f.list, "list", "l", false, "print a list; without it the default is --tree=process")
	s.BoolVarP(&f.noHeadings, "noheadings", "n", false, "print no headings")
	s.StringArrayVarP(&f.output, "output", "o", nil, "print these columns, `LIST` of names with commas; +LIST adds to the default")
	s.BoolVar(&f.outputAll, "output-all", false, "print all columns")
	s.BoolVarP(&f.persistent, "persistent", "P", false, "only namespaces without a process, which a mount or an open file descriptor keeps")
	s.IntVarP(&f.task, "task", "p", 0, "only the namespaces of the process `PID`")
	s.BoolVarP(&f.raw, "raw", "r", false, "no padding: one space between columns, spaces in them as \\x20")
	s.BoolVarP(&f.noTruncate, "notruncate", "u", false, "do not fit COMMAND to the terminal's width")
	s.BoolVarP(&f.noWrap, "nowrap", "W", false, "several mount points in one line, with commas")
	s.StringArrayVarP(&f.types, "type", "t", nil, "only this `KIND`: mnt, net, ipc, user, pid, uts, cgroup, time; repeatable")
	s.StringVarP(&f.tree, "tree", "T", "", "print a tree by `RELATION`: owner (the default), parent, process")
	s.Lookup("tree").NoOptDefVal = "owner"
	return f
}

// parse reads args, and returns those that are no flags.
func (f *lsFlags) parse(args []string) ([]string, error) {
	err := f.set.Parse(f.attached(args))
	var unknown *pflag.NotExistError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		f.help()
		return nil, errHelp
	case errors.As(err, &unknown):
		var names []string
		f.set.VisitAll(func(p *pflag.Flag) { names = append(names, p.Name) })
		return nil, hinted{err, nearest(unknown.GetSpecifiedName(), names, "--")}
	case err != nil:
		return nil, err
	}
	for _, pair := range [][2]string{{"json", "raw"}, {"persistent", "task"}, {"list", "tree"}} {
		if f.set.Changed(pair[0]) && f.set.Changed(pair[1]) {
			return nil, flagError(pair[0], fmt.Errorf("it excludes --%s", pair[1]))
		}
	}
	if f.set.Changed("tree") && !slices.Contains(f.allowedTree, f.tree) {
		return nil, flagError("tree", fmt.Errorf("%q is not one of %s", f.tree, strings.Join(f.allowedTree, ", ")))
	}
	if f.set.Changed("task") && f.task <= 0 {
		return nil, flagError("task", fmt.Errorf("%d is no process id", f.task))
	}
	return f.set.Args(), nil
}

// attached writes -Towner as -T=owner: the argument of -T may be left out, and
// pflag would take its letters for further flags.
func (f *lsFlags) attached(args []string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		if a == "--" {
			break
		}
		if relation, ok := strings.CutPrefix(a, "-T"); ok && slices.Contains(f.allowedTree, relation) {
			args[i] = "-T=" + relation
		}
	}
	return args
}

func (f *lsFlags) help() {
	fmt.Print(`usandbox ls [flags] [NAMESPACE]
usandbox ls PID

list the namespaces that you may see, as lsns(8) does; or explain one process

`, f.set.FlagUsages(), "\nColumns:\n")
	for _, c := range lsColumns {
		fmt.Printf("  %-8s %s\n", c.name, c.help)
	}
	fmt.Print(`
With the number of a NAMESPACE, its processes are listed. Processes of other users
are not yours to look into: they are left out, and counted nowhere. Columns and
trees of the default may change: name those that a script reads.
`)
}
