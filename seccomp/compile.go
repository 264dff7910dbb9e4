package seccomp

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Compile makes the filter. It fails with what [Policy.Check] does, and if there would
// be more than 4,096 instructions.
//
// The program looks at the architecture, then for the number: first the calls that
// are common and have conditions (what is always allowed, the kernel does not run the
// filter for), then by binary search over the ranges of numbers that get the same.
func (p *Policy) Compile() (Program, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	c := &compiler{policy: p, ids: map[string]int{}, blocks: map[string]label{}}
	c.collect()
	next := c.ret(p.Foreign.value())
	audits := c.audits()
	for _, audit := range slices.Backward(audits) {
		section := c.section(audit)
		next = c.jump(jeq, audit, section, next)
	}
	c.before(next, ldAbs, offsetArch)
	prog := c.program()
	if len(prog) > maxProgram {
		return nil, fmt.Errorf("the system call filter has more instructions than the %d that the kernel takes", maxProgram)
	}
	return prog, nil
}

// compiler is a policy on its way to a program.
type compiler struct {
	assembler
	policy *Policy
	ids    map[string]int   // of rules by what they say: two that say the same are one
	rules  []*Rule          // by id
	chains [][]int          // of each name in the table: ids of rules, in order
	blocks map[string]label // code for what is left of a chain
}

// collect finds the rules that are about each name.
func (c *compiler) collect() {
	c.chains = make([][]int, len(nameEnds))
	ended := make([]bool, len(nameEnds)) // by a rule without conditions
	for i := range c.policy.Rules {
		r := &c.policy.Rules[i]
		id := c.id(r)
		for _, name := range r.Calls {
			list := []string{name}
			if isGroup(name) {
				list = Members(name)
			}
			for _, call := range list {
				n, _ := indexOf(call)
				if ended[n] || slices.Contains(c.chains[n], id) {
					continue
				}
				c.chains[n] = append(c.chains[n], id)
				ended[n] = len(r.When) == 0
			}
		}
	}
}

// id is the number of what a rule says: its conditions and its action.
func (c *compiler) id(r *Rule) int {
	var key []byte
	for _, w := range r.When {
		wide := byte(0)
		if w.Wide {
			wide = 1
		}
		key = append(key, byte(w.Arg), byte(w.Op), wide)
		key = binary.LittleEndian.AppendUint64(key, w.Mask)
		key = binary.LittleEndian.AppendUint64(key, w.Value)
	}
	key = binary.LittleEndian.AppendUint32(key, r.Action.value())
	id, ok := c.ids[string(key)]
	if !ok {
		id = len(c.rules)
		c.ids[string(key)] = id
		c.rules = append(c.rules, r)
	}
	return id
}

// audits are the numbers of the policy's architectures, without those that are there
// already.
func (c *compiler) audits() (list []uint32) {
	for _, a := range c.policy.arches() {
		if !slices.Contains(list, a.Audit()) {
			list = append(list, a.Audit())
		}
	}
	return list
}

// outcome is what a call gets: the first of the rules whose conditions hold decides,
// else it is final.
type outcome struct {
	rules []int // none without conditions
	final uint32
}

func (c *compiler) outcomeOf(name int) outcome {
	o := outcome{c.chains[name], c.policy.Default.value()}
	if n := len(o.rules); n > 0 && len(c.rules[o.rules[n-1]].When) == 0 {
		o = outcome{o.rules[:n-1], c.rules[o.rules[n-1]].Action.value()}
	}
	for n := len(o.rules); n > 0 && c.rules[o.rules[n-1]].Action.value() == o.final; n-- {
		o.rules = o.rules[:n-1] // whether it fits or not, this is what comes out
	}
	return o
}

func (o outcome) equal(other outcome) bool {
	return o.final == other.final && slices.Equal(o.rules, other.rules)
}

// block is the code of an outcome.
func (c *compiler) block(o outcome) label {
	if len(o.rules) == 0 || len(c.code) > maxProgram { // too much: Compile fails
		return c.ret(o.final)
	}
	key := fmt.Sprint(o.rules, o.final)
	if l, ok := c.blocks[key]; ok {
		return l
	}
	no := c.block(outcome{o.rules[1:], o.final})
	r := c.rules[o.rules[0]]
	yes := c.ret(r.Action.value())
	for i, w := range slices.Backward(r.When) {
		loaded := i > 0 && c.leaves(r.When[i-1]) == w.source()
		yes = c.condition(w, yes, no, loaded)
	}
	c.blocks[key] = yes
	return yes
}
