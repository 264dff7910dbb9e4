package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// contestant is one way to do what a benchmark is about.
type contestant struct {
	name   string
	target float64      // the largest ratio to the reference that is good; 0: none
	run    func() error // does it once, from start to end
	absent error        // why it cannot be measured
}

// times are what a contestant took, one for each round, in order of size.
type times []time.Duration

func (t times) sort() { slices.Sort(t) }

func (t times) at(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[int(share*float64(len(t)-1)+0.5)]
}

func (t times) median() time.Duration { return t.at(0.5) }

// ratio is a median over another; 0 if there is none.
func ratio(a, b times) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	return float64(a.median()) / float64(b.median())
}

// contest measures every contestant once a round. The order in a round is drawn
// anew each time, since what one leaves to the kernel to clean up slows the next.
func contest(rounds int, list []contestant) ([]times, error) {
	result := make([]times, len(list))
	order := rand.New(rand.NewPCG(1, 2))
	const warm = 3 // rounds that are not counted
	for round := range warm + rounds {
		for _, i := range order.Perm(len(list)) {
			c := list[i]
			if c.absent != nil {
				continue
			}
			start := time.Now()
			err := c.run()
			took := time.Since(start)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if round >= warm {
				result[i] = append(result[i], took)
			}
		}
	}
	for _, t := range result {
		t.sort()
	}
	return result, nil
}

// try marks a contestant as absent if it does not work at all.
func try(c contestant) contestant {
	if c.absent == nil {
		c.absent = c.run()
	}
	return c
}
