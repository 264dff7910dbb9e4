package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// resting is a sandbox that waits for its command.
type resting struct {
	name    string
	argv    []string
	caller  bool // the first process is the caller's own, not a part of the sandbox
	targets bool
}

// memoryTable measures what is kept while a command runs: the processes between
// the caller and the command. PSS shares what several processes have in common
// among them. A process that nobody may look into shows it to root only; to others
// it shows its resident size, which is no less.
func memoryTable(b *bench) (table, error) {
	sleep := []string{"/bin/sleep", "60"}
	t := table{
		title: "Memory at rest, in KiB",
		head:  []string{"what", "processes", "caller's side", "in the sandbox", "together", "target"},
	}
	if os.Geteuid() != 0 {
		t.note("Measured by an ordinary user: the resident size (RSS) where the proportional one (PSS) is root's to see, so each figure is at most too large.")
	}
	for _, r := range []resting{
		{"bubblewrap", bwrapArgs(b.policy, sleep...), false, false},
		{"usandbox run", append([]string{b.usandbox, "run", "--"}, sleep...), true, true},
		{"usandbox run, with a supervisor", append([]string{b.usandbox, "again", "run", "--"}, sleep...), true, false},
	} {
		chain, exact, err := b.rest(r.argv)
		if err != nil {
			t.note("%s: not measured: %v", r.name, err)
			continue
		}
		supervisor, inner := 0, 0
		for i, kib := range chain {
			if i == 0 && r.caller {
				supervisor = kib
			} else {
				inner += kib
			}
		}
		row := []string{r.name, fmt.Sprint(len(chain)), "", fmt.Sprint(inner), fmt.Sprint(supervisor + inner), ""}
		if r.caller {
			row[2] = fmt.Sprint(supervisor)
		}
		if r.targets {
			row[5] = within(inner, 64, exact) + "; " + within(supervisor+inner, 3<<10, exact)
		}
		t.add(row...)
	}
	return t, nil
}

// within is target for a size that may be an upper bound.
func within(kib, limit int, exact bool) string {
	if !exact && kib > limit {
		return fmt.Sprintf("<= %d: root can tell", limit)
	}
	return target(float64(kib), float64(limit))
}

// rest starts a sandbox and returns the memory of each process above the command,
// in KiB, the outermost first. Not exact: some of it is an upper bound.
func (b *bench) rest(argv []string) (sizes []int, exact bool, err error) {
	path := argv[0]
	if !filepath.IsAbs(path) {
		path = "/usr/bin/" + path
	}
	p, err := b.start(path, argv)
	if err != nil {
		return nil, false, err
	}
	defer func() {
		p.Kill()
		p.Wait()
	}()
	var chain []int
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if chain = above(p.Pid, "sleep"); chain != nil {
			break
		}
		if time.Now().After(deadline) {
			return nil, false, errors.New("the command did not start")
		}
	}
	time.Sleep(300 * time.Millisecond)
	exact = true
	for _, pid := range chain {
		kib, shared, err := memoryOf(pid)
		if err != nil {
			return nil, false, err
		}
		sizes = append(sizes, kib)
		exact = exact && shared
	}
	return sizes, exact, nil
}

// above are the processes from pid down to the one before the command called name;
// nil if there is no such command yet.
func above(pid int, name string) (chain []int) {
	parents := map[int]int{}
	command := 0
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		m := regexp.MustCompile(`^(\d+) \((.*)\) . (\d+) `).FindStringSubmatch(readFile(file))
		if m == nil {
			continue
		}
		child, _ := strconv.Atoi(m[1])
		parent, _ := strconv.Atoi(m[3])
		parents[child] = parent
	}
	for child := range parents {
		if strings.TrimSpace(readFile(fmt.Sprintf("/proc/%d/comm", child))) != name {
			continue
		}
		for up := child; up > 1; up = parents[up] {
			if up == pid {
				command = child
			}
		}
	}
	if command == 0 {
		return nil
	}
	for up := parents[command]; up != pid; up = parents[up] {
		chain = append([]int{up}, chain...)
	}
	return append([]int{pid}, chain...)
}

// memoryOf is a process's PSS in KiB, or where that is not shown its RSS, which is
// not exact.
func memoryOf(pid int) (kib int, exact bool, err error) {
	rollup := readFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if m := regexp.MustCompile(`(?m)^Pss:\s+(\d+) kB`).FindStringSubmatch(rollup); m != nil {
		kib, err = strconv.Atoi(m[1])
		return kib, true, err
	}
	fields := strings.Fields(readFile(fmt.Sprintf("/proc/%d/statm", pid)))
	if len(fields) < 2 {
		return 0, false, fmt.Errorf("process %d is gone", pid)
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize() >> 10, false, err
}
