package seccomp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// handWritten are policies with a shape each.
var handWritten = map[string]Policy{
	"zero":       {},
	"allow":      {Default: Action{Kind: Allow}, Unknown: Action{Kind: Allow}, Foreign: Action{Kind: Allow}},
	"unknown":    {Default: Action{Kind: Allow}, Unknown: Fails(unix.ENOSYS)},
	"allow-list": {Default: Fails(unix.EPERM), Unknown: Fails(unix.ENOSYS), Rules: []Rule{{Action: Action{Kind: Allow}, Calls: []string{"read", "write", "@file-system"}}}},
	"all":        {Arches: []Arch{AMD64, I386, X32, ARM64, ARM}, Default: Action{Kind: Allow}, Rules: []Rule{{Action: Fails(1), Calls: []string{"@mount", "cacheflush", "openat"}}}},
	"x32 alone":  {Arches: []Arch{X32}, Default: Action{Kind: Allow}, Foreign: Fails(2), Unknown: Fails(3)},
	"order": {Default: Action{Kind: Allow}, Rules: []Rule{
		{Action: Fails(1), Calls: []string{"openat"}, When: []Condition{{Arg: 2, Op: Equal, Value: 7}}},
		{Action: Action{Kind: Log}, Calls: []string{"@file-system"}, When: []Condition{{Arg: 2, Op: Greater, Value: 5}}},
		{Action: Fails(2), Calls: []string{"openat", "close"}},
		{Action: Fails(3), Calls: []string{"openat", "close", "read"}},
	}},
	"wide": {Default: Action{Kind: Allow}, Rules: wideRules()},
	"two on one argument": {Default: Action{Kind: Allow}, Rules: []Rule{{
		Action: Fails(97), Calls: []string{"socket"},
		When: []Condition{{Arg: 0, Op: NotEqual, Value: 1}, {Arg: 0, Op: NotEqual, Value: 2}, {Arg: 0, Mask: 0xf0, Op: Equal}, {Arg: 0, Op: NotEqual, Value: 3}},
	}}},
	"conditions that decide nothing": {Default: Action{Kind: Allow}, Rules: []Rule{{Action: Action{Kind: Allow}, Calls: []string{"socket"}, When: []Condition{{Value: 1}}}}},
}

func wideRules() (rules []Rule) {
	for op := Equal; op <= GreaterOrEqual; op++ {
		for i, c := range []Condition{
			{Arg: 1, Op: op, Value: 0x1_0000_0005, Wide: true}, {Arg: 2, Op: op, Value: 5, Wide: true},
			{Arg: 3, Op: op, Value: 0xff00_0000_00ff, Mask: 0xffff_0000_ffff, Wide: true},
			{Arg: 4, Op: op, Value: 0xfff0, Mask: 0xfff0}, {Arg: 4, Op: op, Mask: 0xfff0}, {Arg: 5, Op: op, Value: 0x80000000},
		} {
			rules = append(rules, Rule{Action: Fails(unix.Errno(10*int(op) + i + 1)), Calls: []string{[]string{"mmap", "read", "ioctl"}[i%3]}, When: []Condition{c}})
		}
	}
	return rules
}

func TestCompile(t *testing.T) {
	for name, p := range handWritten {
		t.Run(name, func(t *testing.T) {
			compare(t, &p, argsFor(&p, rand.New(rand.NewPCG(1, 2)), 40))
		})
	}
}

func TestCompileRandom(t *testing.T) {
	count := 30
	if testing.Short() {
		count = 10
	}
	for seed := range uint64(count) {
		random := rand.New(rand.NewPCG(seed, 5))
		p := randomPolicy(random)
		t.Run(fmt.Sprint(seed), func(t *testing.T) { compare(t, &p, argsFor(&p, random, 12)) })
	}
}

func randomPolicy(r *rand.Rand) Policy {
	action := func() Action {
		if r.IntN(3) == 0 {
			return Action{Kind: Allow}
		}
		return Action{Kind: Kind(r.IntN(int(kinds))), Data: uint16(r.IntN(4))}
	}
	p := Policy{Default: action(), Unknown: action(), Foreign: action()}
	for a := range arches {
		if r.IntN(2) == 0 {
			p.Arches = append(p.Arches, a)
		}
	}
	groups := Groups()
	for range r.IntN(60) {
		rule := Rule{Action: action()}
		for range 1 + r.IntN(4) {
			if r.IntN(5) == 0 {
				rule.Calls = append(rule.Calls, groups[r.IntN(len(groups))])
			} else {
				rule.Calls = append(rule.Calls, nameAt(r.IntN(len(nameEnds))))
			}
		}
		for range r.IntN(4) {
			c := Condition{Arg: r.IntN(6), Op: Op(r.IntN(6)), Wide: r.IntN(2) == 0}
			c.Value = r.Uint64() >> r.IntN(64)
			if r.IntN(2) == 0 {
				c.Mask = r.Uint64() >> r.IntN(64)
			}
			if !c.Wide {
				c.Value, c.Mask = uint64(uint32(c.Value)), uint64(uint32(c.Mask))
			}
			rule.When = append(rule.When, c)
		}
		p.Rules = append(p.Rules, rule)
	}
	return p
}

// A program so long that jumps do not reach.
func TestCompileLong(t *testing.T) {
	p := Policy{Default: Action{Kind: Allow}, Arches: []Arch{AMD64, I386}}
	for i, name := range Names(AMD64) {
		p.Rules = append(p.Rules, Rule{
			Action: Fails(unix.Errno(1 + i%100)), Calls: []string{name},
			When: []Condition{{Arg: i % 6, Value: uint64(i), Wide: i%3 == 0}},
		})
	}
	compare(t, &p, argsFor(&p, rand.New(rand.NewPCG(3, 4)), 8))
	for i := range 400 {
		p.Rules = append(p.Rules, Rule{Action: Fails(unix.Errno(200 + i)), Calls: []string{"read"}, When: []Condition{
			{Arg: 1, Value: uint64(i), Wide: true}, {Arg: 2, Value: uint64(i), Wide: true},
		}})
	}
	if _, err := p.Compile(); err == nil || !strings.Contains(err.Error(), "more instructions than the 4096") {
		t.Errorf("%v, want that it is too long", err)
	}
}

// What is far too long is given up early, not made and then measured.
func TestCompileBomb(t *testing.T) {
	p := Policy{Default: Action{Kind: Allow}}
	for i := range 2000 {
		p.Rules = append(p.Rules, Rule{Action: Fails(unix.EPERM), Calls: []string{"@file-system"}, When: []Condition{{Value: uint64(i), Wide: true}}})
	}
	for i, name := range Members("@file-system") { // the rules of no two calls end alike
		p.Rules = append(p.Rules, Rule{Action: Fails(unix.EIO), Calls: []string{name}, When: []Condition{{Arg: 1, Value: uint64(i)}}})
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := p.Compile(); err == nil || !strings.Contains(err.Error(), "more instructions than the 4096") {
		t.Errorf("%v, want that it is too long", err)
	}
	runtime.ReadMemStats(&after)
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 200 {
		t.Errorf("it took %d MiB", used)
	}
}

func TestCheck(t *testing.T) {
	for _, x := range []struct {
		rule Rule
		want string
	}{
		{Rule{Calls: []string{"opnat"}, Origin: "f:3"}, `f:3: unknown system call "opnat" (Linux ` + Version + ` is known)`},
		{Rule{Calls: []string{"@nothing"}}, `unknown group of system calls "@nothing"`},
		{Rule{Calls: []string{""}}, `unknown system call ""`},
		{Rule{}, "a rule without system calls"},
		{Rule{Calls: []string{"read"}, When: []Condition{{Arg: 6}}}, "argument 6: there are those from 0 to 5"},
		{Rule{Calls: []string{"read"}, When: []Condition{{Arg: -1}}}, "argument -1"},
		{Rule{Calls: []string{"read"}, When: []Condition{{Op: 6}}}, "unknown comparison 6"},
		{Rule{Calls: []string{"read"}, When: []Condition{{Value: 1 << 32}}}, "the value 0x100000000 has more than the 32 bits"},
		{Rule{Calls: []string{"read"}, When: []Condition{{Mask: 1 << 40}}}, "the mask 0x10000000000 has more than the 32 bits"},
		{Rule{Calls: []string{"read"}, Action: Action{Errno, 4096}}, "errno 4096: at most 4095"},
		{Rule{Calls: []string{"read"}, Action: Action{Kind: kinds}}, "unknown action"},
	} {
		p := Policy{Rules: []Rule{{Calls: []string{"write"}}, x.rule}}
		_, err := p.Compile()
		var rule *RuleError
		if !errors.As(err, &rule) || !strings.HasPrefix(err.Error(), x.want) {
			t.Errorf("%v: %v, want %s", x.rule, err, x.want)
		}
	}
	for _, p := range []Policy{{Arches: []Arch{}}, {Arches: []Arch{noArch}}, {Default: Action{Kind: kinds}}, {Unknown: Action{Errno, 5000}}} {
		if _, err := p.Compile(); err == nil {
			t.Errorf("%v is compiled", p)
		}
	}
}

// A call that the tables know, but not of this architecture, is passed over.
func TestCompilePassesOver(t *testing.T) {
	p := Policy{Arches: []Arch{ARM64}, Default: Action{Kind: Allow}, Rules: []Rule{{Calls: []string{"open", "cacheflush"}}}}
	prog, err := p.Compile()
	if err != nil || len(prog) > 800 {
		t.Error(len(prog), err)
	}
	compare(t, &p, [][6]uint64{{}})
}
