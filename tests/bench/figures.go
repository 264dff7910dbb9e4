package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// runner is a contestant that says itself what it reached.
type runner struct {
	name    string
	measure func() (float64, error)
	absent  error // why it cannot be measured
}

// figures are what a contestant reached, one for each round, in order of size.
type figures []float64

func (f figures) median() float64 {
	if len(f) == 0 {
		return 0
	}
	return f[len(f)/2]
}

// over is a median over another; 0 if there is none.
func (f figures) over(g figures) float64 {
	if len(f) == 0 || len(g) == 0 {
		return 0
	}
	return f.median() / g.median()
}

// match measures every contestant once a round, in an order that is drawn anew each
// time. One that fails in the first round is absent.
func match(rounds int, list []runner) ([]figures, error) {
	result := make([]figures, len(list))
	order := rand.New(rand.NewPCG(1, 2))
	for round := range 1 + rounds {
		for _, i := range order.Perm(len(list)) {
			c := &list[i]
			if c.absent != nil {
				continue
			}
			x, err := c.measure()
			switch {
			case err != nil && round == 0:
				c.absent = err
			case err != nil:
				return nil, fmt.Errorf("%s: %w", c.name, err)
			case round > 0:
				result[i] = append(result[i], x)
			}
		}
	}
	for _, f := range result {
		slices.Sort(f)
	}
	return result, nil
}

// aim is a ratio that a contestant shall reach, to another.
type aim struct {
	to    int
	least float64
}

// compare adds a row for each contestant of a match, with the figure divided by unit,
// and a note for each aim of the one called ours.
func (t *table) compare(list []runner, results []figures, unit float64, ours int, aims ...aim) {
	for i, c := range list {
		if c.absent != nil {
			t.note("%s: not measured: %v", c.name, c.absent)
			continue
		}
		t.add(c.name, number(results[i].median()/unit), fmt.Sprintf("%.2f", results[i].over(results[0])))
	}
	for _, a := range aims {
		if x := results[ours].over(results[a.to]); x != 0 {
			t.note("%s to %s: %.2f (target %s).", list[ours].name, list[a.to].name, x, atLeast(x, a.least))
		}
	}
}
