package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

// options are the command line.
type options struct {
	n        int
	only     string
	markdown bool
	usandbox string
	packages string
	cgroup   string
}

// benchmark is one question that the command answers.
type benchmark struct {
	name string
	run  func(b *bench) (table, error)
}

func benchmarks() []benchmark {
	return []benchmark{
		{"launch", launchTable},
		{"binds", bindsTable},
		{"limits", limitsTable},
		{"bwrap", bwrapTable},
		{"throughput", throughputTable},
		{"terminal", terminalTable},
		{"memory", memoryTable},
		{"ls", lsTable},
		{"cow", cowTable},
		{"syscalls", syscallsTable},
		{"layers", layersTable},
		{"build", buildTable},
		{"outward", outwardTable},
		{"inward", inwardTable},
		{"relay", relayTable},
	}
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 200, "rounds of launches; the other benchmarks take a part of it")
	flag.StringVar(&o.only, "only", "", "run only these benchmarks: `NAME,...`")
	flag.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	flag.StringVar(&o.usandbox, "usandbox", "", "measure this `FILE` instead of one built from the module here")
	flag.StringVar(&o.packages, "packages", "std", "what the benchmark build builds")
	flag.StringVar(&o.cgroup, "cgroup", "", "the benchmark limits makes cgroups in this `FOLDER`, which is delegated to the user")
	heap := flag.Bool("heap-child", false, "for the command itself: measure from a process with a large heap")
	calls := flag.Bool("calls-child", false, "for the command itself: measure system calls")
	network := flag.Bool("network-child", false, "for the command itself: use the network")
	flag.Parse()
	err := errors.New("arguments are not taken")
	switch {
	case *calls:
		err = callsChild(flag.Args())
	case *network:
		err = networkChild(flag.Args())
	case flag.NArg() > 0:
	case *heap:
		err = heapChild(o.n)
	default:
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	var chosen []benchmark
	for _, x := range benchmarks() {
		if o.only == "" || slices.Contains(strings.Split(o.only, ","), x.name) {
			chosen = append(chosen, x)
		}
	}
	if len(chosen) == 0 || o.n < 1 {
		return fmt.Errorf("nothing to measure: -only %q, -n %d", o.only, o.n)
	}
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.build(); err != nil {
		return err
	}
	print := table.text
	if o.markdown {
		print = table.markdown
	}
	fmt.Print(print(machineTable()))
	for _, x := range chosen {
		fmt.Fprintln(os.Stderr, "measuring", x.name)
		t, err := x.run(b)
		if err != nil {
			return fmt.Errorf("measure %s: %w", x.name, err)
		}
		fmt.Print("\n", print(t))
	}
	return nil
}
