package seccomp

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
)

// vm is another's machine that runs a program.
type vm struct {
	*bpf.VM
	data [dataSize]byte
}

func newVM(t testing.TB, p Program) *vm {
	t.Helper()
	var raw []bpf.Instruction
	for _, i := range p {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K}.Disassemble())
	}
	m, err := bpf.NewVM(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &vm{VM: m}
}

// run is what a call gets. That machine loads words in the byte order of networks, the
// kernel those of seccomp_data in its own.
func (m *vm) run(t testing.TB, c *Call) uint32 {
	word := func(offset int, v uint32) { binary.BigEndian.PutUint32(m.data[offset:], v) }
	word(offsetNumber, c.Number)
	word(offsetArch, c.Arch.Audit())
	for i, arg := range c.Args {
		word(offsetArgs+8*i+lowHalf, uint32(arg))
		word(offsetArgs+8*i+highHalf, uint32(arg>>32))
	}
	v, err := m.Run(m.data[:])
	if err != nil {
		t.Fatal(err)
	}
	return uint32(v)
}

// everyArch are all, with one that no policy is about.
var everyArch = []Arch{AMD64, I386, X32, ARM64, ARM, noArch}

// everyNumber are the numbers that are tried: all that may be, and those at the edges.
func everyNumber() (list []uint32) {
	for nr := range uint32(1024) {
		list = append(list, nr, nr|x32Bit)
	}
	for nr := range uint32(12) {
		list = append(list, privateARM-2+nr)
	}
	for _, edge := range []uint32{x32Bit, 1 << 31, 3 << 30, 0} {
		list = append(list, edge-1, edge-2, edge+1)
	}
	return list
}

// compare runs the policy's program over every number, with some arguments each, and
// compares it with Decide.
func compare(t testing.TB, p *Policy, args [][6]uint64) {
	t.Helper()
	prog, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if err := prog.Check(); err != nil {
		t.Fatal(err)
	}
	m := newVM(t, prog)
	for _, arch := range everyArch {
		for _, nr := range everyNumber() {
			for _, a := range args {
				c := Call{Arch: arch, Number: nr, Args: a}
				want, _ := p.Decide(c)
				if got := m.run(t, &c); got != want.value() {
					name, _ := Name(archOf(arch.Audit(), nr), nr)
					t.Fatalf("%v %#x (%s) with %#x: the program says %v, the policy %v", arch, nr, name, a, actionOf(got), want)
				}
				if got := prog.Decide(c); got.value() != want.value() {
					t.Fatalf("%v %#x with %#x: Program.Decide says %v, the policy %v", arch, nr, a, got, want)
				}
				if !hasConditions(p) {
					break
				}
			}
		}
	}
}

func hasConditions(p *Policy) bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return len(r.When) > 0 })
}

// argsFor are arguments at the edges of the policy's conditions.
func argsFor(p *Policy, random *rand.Rand, count int) (list [][6]uint64) {
	values := [6][]uint64{}
	for i := range values {
		values[i] = []uint64{0, 1, ^uint64(0), 1 << 32}
	}
	for _, r := range p.Rules {
		for _, c := range r.When {
			v := c.Value
			values[c.Arg] = append(values[c.Arg], v, v-1, v+1, v|1<<32, v|1<<63, v^1<<31, c.Mask, v&c.Mask, v|^c.Mask, c.Mask&-c.Mask, c.Mask|1<<40)
		}
	}
	for range count {
		var a [6]uint64
		for i := range a {
			a[i] = values[i][random.IntN(len(values[i]))]
			if random.IntN(8) == 0 {
				a[i] ^= 1 << random.IntN(64)
			}
		}
		list = append(list, a)
	}
	return append(list, [6]uint64{})
}
