package seccomp

import (
	"math/rand/v2"
	"testing"
)

// FuzzCompile makes a policy of bytes and compares its program with the policy.
func FuzzCompile(f *testing.F) {
	f.Add([]byte("some"), uint32(257), uint64(1)<<32)
	f.Fuzz(func(t *testing.T, text []byte, nr uint32, arg uint64) {
		p := randomPolicy(rand.New(rand.NewChaCha8(seedOf(text))))
		for i, b := range text { // what the fuzzer changes is seen in single rules, too
			if len(p.Rules) > 0 && i+1 < len(text) {
				r := &p.Rules[i%len(p.Rules)]
				for n := range r.When {
					if r.When[n].Value = uint64(b); b%2 == 0 {
						r.When[n].Op = Op(text[i+1] % 6)
					}
				}
			}
		}
		if p.Check() != nil {
			return
		}
		prog, err := p.Compile()
		if err != nil {
			return // too long
		}
		if err := prog.Check(); err != nil {
			t.Fatal(err)
		}
		m := newVM(t, prog)
		for _, arch := range everyArch {
			for n := range nr % 600 {
				c := Call{Arch: arch, Number: nr ^ n, Args: [6]uint64{arg, arg << 1, arg >> 32, arg + 1, uint64(n), ^arg}}
				want, _ := p.Decide(c)
				if got := m.run(t, &c); got != want.value() {
					t.Fatalf("%+v: the program says %v, the policy %v", c, actionOf(got), want)
				}
			}
		}
	})
}

func seedOf(text []byte) (seed [32]byte) {
	for i, b := range text {
		seed[i%len(seed)] ^= b + byte(i/len(seed))
	}
	return seed
}

// FuzzParseProgram reads raw BPF, which must be refused or run without a panic.
func FuzzParseProgram(f *testing.F) {
	f.Add([]byte{6, 0, 0, 0, 0, 0, 0xff, 0x7f}, uint32(1))
	if p, err := (&Policy{}).Compile(); err == nil {
		f.Add(p.Bytes(), uint32(2))
	}
	f.Fuzz(func(t *testing.T, raw []byte, nr uint32) {
		p, err := ParseProgram(raw)
		if err != nil {
			return
		}
		c := Call{Number: nr, Args: [6]uint64{1, 2, 3}}
		p.Decide(c)
		if string(p.Bytes()) != string(raw) {
			t.Fatal("Bytes gives something else")
		}
	})
}
