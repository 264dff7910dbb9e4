package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
)

// bwrapTable measures usandbox under bubblewrap's name beside bubblewrap, with the same arguments.
func bwrapTable(b *bench) (table, error) {
	t := table{
		title: fmt.Sprintf("bubblewrap's command line: %s in a sandbox, the same arguments", trueProgram),
		head:  []string{"what", "median", "p10", "p90", "to bubblewrap", "target"},
	}
	link := filepath.Join(b.dir, "bwrap")
	if err := os.Symlink(b.usandbox, link); err != nil {
		return t, err
	}
	for _, x := range []struct {
		mounts, rounds int
		limit          float64
	}{{10, b.n, 0.8}, {mostBinds, part(b.n, 20), 1.0 / 30}} {
		args := b.bwrapBinds(x.mounts)
		list := []contestant{
			b.command(fmt.Sprintf("bubblewrap, %d mounts", x.mounts), 0, append([]string{"bwrap"}, args...)...),
			b.command(fmt.Sprintf("usandbox bwrap, %d mounts", x.mounts), x.limit, append([]string{link}, args...)...),
		}
		results, err := contest(x.rounds, list)
		if err != nil {
			return t, err
		}
		t.results(list, results)
		if err := b.peaks(&t, x.mounts, link, args); err != nil {
			return t, err
		}
	}
	return t, nil
}

// bwrapBinds are arguments with so many mounts: those of a build's sandbox, and binds.
func (b *bench) bwrapBinds(n int) []string {
	p := b.policy
	p.Files = []mounts.Entry{
		mounts.Proc{Target: "/proc"}, mounts.Dev{Target: "/dev"}, mounts.Tmpfs{Target: "/tmp"},
		mounts.Bind{Source: b.project, Target: b.project, Writable: true},
	}
	p.Files = append(mounts.System(), p.Files...)
	have := 0
	for _, e := range p.Files {
		if _, link := e.(mounts.Symlink); !link {
			have++
		}
	}
	for i := range n - have {
		p.Files = append(p.Files, mounts.Bind{Source: bindSource, Target: fmt.Sprintf("/tmp/bind%d", i)})
	}
	return bwrapArgs(p, trueProgram)[1:]
}

// peaks adds a note of how much memory each of the two uses at most, with all its children.
func (b *bench) peaks(t *table, mounts int, link string, args []string) error {
	theirs, err := b.peak("bwrap", args)
	if err != nil {
		return nil // there is none
	}
	ours, err := b.peak(link, args)
	if err != nil {
		return err
	}
	t.note("Peak memory of a process, %d mounts: bubblewrap %d KiB, usandbox bwrap %d KiB (target %s).", mounts, theirs, ours,
		target(float64(ours)/float64(theirs), 4))
	return nil
}

// peak is the largest resident size, in KiB, of a program and its children that were waited for.
func (b *bench) peak(program string, args []string) (int64, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return 0, err
	}
	p, err := b.start(path, append([]string{"bwrap"}, args...))
	if err != nil {
		return 0, err
	}
	var usage unix.Rusage
	if _, err := unix.Wait4(p.Pid, nil, 0, &usage); err != nil {
		return 0, err
	}
	return usage.Maxrss, nil
}
