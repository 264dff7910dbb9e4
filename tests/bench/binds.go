package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/usandbox/usandbox/mounts"
)

// mostBinds is the number of binds at which usandbox is compared to bubblewrap.
const mostBinds = 1000

// bindSource is a folder that every system has.
const bindSource = "/usr/bin"

// bindsTable measures many bind mounts: beside bubblewrap, and whether the time is
// linear in their number.
func bindsTable(b *bench) (table, error) {
	var list []contestant
	bwrap, usandbox := b.binds(mostBinds)
	list = append(list, bwrap, usandbox)
	list[1].target = 1.0 / 30
	results, err := contest(part(b.n, 20), list)
	if err != nil {
		return table{}, err
	}
	t := table{
		title: fmt.Sprintf("Binds: %d read-only binds of %s and the launch itself, %d rounds", mostBinds, bindSource, part(b.n, 20)),
		head:  []string{"what", "median", "p10", "p90", "to bubblewrap", "target"},
	}
	t.results(list, results)
	return t, b.linear(&t)
}

// linear adds the time for one bind at several numbers of them.
func (b *bench) linear(t *table) error {
	numbers := []int{0, 100, 200, 500, 1000, 2000}
	var list []contestant
	for _, n := range numbers {
		_, usandbox := b.binds(n)
		list = append(list, usandbox)
	}
	results, err := contest(part(b.n, 10), list)
	if err != nil {
		return err
	}
	var cells []string
	for i, n := range numbers[1:] {
		extra := results[i+1].median() - results[0].median()
		cells = append(cells, fmt.Sprintf("%d: %.1f µs", n, float64(extra)/float64(n)/float64(time.Microsecond)))
	}
	t.note("One bind of N costs usandbox, launch without binds taken off: %s.", strings.Join(cells, ", "))
	return nil
}

// binds are bubblewrap and `usandbox run` with n binds, each on a folder of its own
// in the sandbox's /tmp.
func (b *bench) binds(n int) (bwrap, usandbox contestant) {
	p := b.policy
	p.Files = p.Files[:len(p.Files):len(p.Files)]
	flags := []string{b.usandbox, "run"}
	for i := range n {
		target := fmt.Sprintf("/tmp/bind%d", i)
		p.Files = append(p.Files, mounts.Bind{Source: bindSource, Target: target})
		flags = append(flags, "--ro", bindSource+":"+target)
	}
	flags = append(flags, "--", trueProgram)
	return b.command("bubblewrap", 0, bwrapArgs(p, trueProgram)...), b.command("usandbox run", 0, flags...)
}

// part is a share of the rounds, at least five.
func part(n, of int) int { return max(n/of, 5) }
