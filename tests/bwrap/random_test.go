package bwrap

import (
	"flag"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

var (
	sequences = flag.Int("sequences", 100, "how many random sequences of options to compare; USANDBOX_RANDOM is the same")
	seed      = flag.Uint64("seed", 1, "the first seed")
)

// TestRandom compares sequences of options that are drawn at random. Root's tests run every
// fourth as root.
func TestRandom(t *testing.T) {
	count := *sequences
	if n, err := strconv.Atoi(os.Getenv("USANDBOX_RANDOM")); err == nil {
		count = n
	}
	for n := range count {
		s := *seed + uint64(n)
		t.Run(strconv.FormatUint(s, 10), func(t *testing.T) {
			d := draw{Rand: rand.New(rand.NewPCG(s, 0)), ask: ask{args: base(), root: n%4 == 3}}
			d.sequence()
			d.with("", probed("")...).compare(t)
		})
	}
}
