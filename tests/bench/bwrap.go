package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

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

//go:embed peak.c
var peakSource []byte

// peaks adds a note of how much memory each of the two uses at most.
func (b *bench) peaks(t *table, mounts int, link string, args []string) error {
	theirs, err := b.peak("bwrap", args)
	if err == nil {
		var ours int
		if ours, err = b.peak(link, args); err == nil {
			t.note("Peak memory of a process, %d mounts: bubblewrap %d KiB, usandbox bwrap %d KiB (target %s).", mounts, theirs, ours,
				target(float64(ours)/float64(theirs), 4))
		}
	}
	if errors.Is(err, exec.ErrNotFound) {
		t.note("Peak memory, %d mounts: not measured: %v", mounts, err)
		return nil
	}
	return err
}

// peak is the largest resident size, in KiB, of a program and its children.
func (b *bench) peak(program string, args []string) (int, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return 0, err
	}
	helper := filepath.Join(b.dir, "peak")
	if err := os.WriteFile(helper+".c", peakSource, 0o644); err != nil {
		return 0, err
	}
	if err := output(exec.Command("cc", "-O2", "-static", "-o", helper, helper+".c")); err != nil {
		return 0, err
	}
	c := exec.Command(helper, append([]string{path, "bwrap"}, args...)...)
	c.Dir = b.project
	text, err := c.Output()
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
