package seccomp

import (
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// both is what two filters answer that are loaded: the strictest.
func both(a, b Action) Action {
	strictness := []Kind{KillProcess, KillThread, Trap, Errno, Notify, Trace, Log, Allow}
	if slices.Index(strictness, b.Kind) < slices.Index(strictness, a.Kind) {
		return b
	}
	return a
}

// The two filters answer as the one does; where it gives an errno, the first asks.
func TestAsking(t *testing.T) {
	whole, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	odd := Policy{
		Default: Fails(unix.EPERM), Unknown: Action{Trap, 3}, Foreign: Fails(unix.ENOSYS), Arches: []Arch{Native},
		Rules: []Rule{
			{Action: Fails(unix.EIO), Calls: []string{"sendmsg", "write"}, When: []Condition{{Value: 7}}},
			{Action: Action{Kind: Allow}, Calls: []string{"write", "read", "close"}},
			{Action: Action{Kind: KillThread}, Calls: []string{"seccomp"}},
		},
	}
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, policy := range []*Policy{&whole, &odd} {
		p, err := policy.Compile()
		if err != nil {
			t.Fatal(err)
		}
		first, second, err := p.Asking()
		if err != nil {
			t.Fatal(err)
		}
		for _, prog := range []Program{first, second} {
			if err := prog.Check(); err != nil {
				t.Fatal(err)
			}
		}
		start := map[uint32]bool{}
		for _, name := range startCalls {
			nr, ok := Number(Native, name)
			if !ok {
				t.Fatalf("no %s", name)
			}
			start[nr] = true
		}
		for range 20000 {
			c := Call{Arch: Native, Number: rnd.Uint32() >> (22 + rnd.IntN(10))}
			if rnd.IntN(8) == 0 {
				c.Arch = Arch(rnd.IntN(int(arches)))
			}
			c.Args[0] = uint64(rnd.IntN(10))
			want, got := p.Decide(c), both(first.Decide(c), second.Decide(c))
			starts := c.Arch.Audit() == Native.Audit() && start[c.Number]
			switch {
			case starts && first.Decide(c).Kind != Allow:
				t.Fatalf("%+v: the first filter has %v for a call of the start", c, first.Decide(c))
			case !starts && second.Decide(c).Kind != Allow:
				t.Fatalf("%+v: the second filter has %v", c, second.Decide(c))
			case want.Kind == Errno && !starts:
				want = Action{Kind: Notify}
			}
			if got != want {
				t.Fatalf("%+v: %v, want %v", c, got, want)
			}
		}
	}
}

func TestAskingTooLong(t *testing.T) {
	p := make(Program, maxProgram-5)
	p[len(p)-1] = unix.SockFilter{Code: retK}
	if _, _, err := p.Asking(); err == nil {
		t.Error("a program that has no room is taken")
	}
}
