package seccomp

import (
	"math/rand/v2"
	"testing"
)

// FuzzCompile makes a policy of bytes and compares its program with the policy.
func FuzzCompile(f *testing.F) {
	f.Add([]byte("some"), uint32(257), uint64(1)<<32)
	f.Fuzz(func(t *testing.T, text []byte, nr uint32, arg uint64) {
		p := randomPolicy(rand.New(&bytesSource{text: text}))
		prog, err := p.Compile()
		if err != nil {
			return // too long
		}
		if err := prog.Check(); err != nil {
			t.Fatal(err)
		}
		m := newVM(t, prog)
		for _, arch := range everyArch {
			for n := range nr % 32 {
				c := Call{Arch: arch, Number: nr ^ n, Args: [6]uint64{arg, arg << 1, arg >> 32, arg + 1, uint64(n), ^arg}}
				want, _ := p.Decide(c)
				if got := m.run(t, &c); got != want.value() {
					t.Fatalf("%+v: the program says %v, the policy %v", c, actionOf(got), want)
				}
			}
		}
	})
}

// bytesSource makes random numbers of bytes, so that what the fuzzer changes is one
// choice of the policy's.
type bytesSource struct {
	text []byte
	used uint64
}

func (s *bytesSource) Uint64() (v uint64) {
	s.used++
	if len(s.text) == 0 {
		return s.used * 0x9e3779b97f4a7c15
	}
	n := min(len(s.text), 1+int(s.text[0]%8))
	for _, b := range s.text[:n] {
		v = v<<8 | uint64(b)
	}
	s.text = s.text[n:]
	return v * 0x9e3779b97f4a7c15
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
