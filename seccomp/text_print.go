package seccomp

import (
	"fmt"
	"io"
	"strings"
)

// String is the policy as a text that [ParseText] reads, without the rules' origins.
func (p *Policy) String() string {
	var b strings.Builder
	for _, s := range []struct {
		name   string
		action Action
	}{{"default", p.Default}, {"unknown", p.Unknown}, {"foreign", p.Foreign}} {
		b.WriteString(s.name + " " + s.action.String() + "\n")
	}
	if len(p.Arches) > 0 {
		b.WriteString("arch")
		for _, a := range p.Arches {
			b.WriteString(" " + a.String())
		}
		b.WriteString("\n")
	}
	for i := range p.Rules {
		if len(p.Rules[i].Calls) > 0 { // else it fits nothing
			p.Rules[i].write(&b)
		}
	}
	return b.String()
}

// WriteTo writes what [Policy.String] returns.
func (p *Policy) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.String())
	return int64(n), err
}

// String is the rule as a line of a text, which may be a long one.
func (r *Rule) String() string {
	return strings.Join(r.words(), " ")
}

// textWidth is where lines are broken.
const textWidth = 100

// write writes the rule, broken into lines that are not too long.
func (r *Rule) write(b *strings.Builder) {
	at := 0
	for i, word := range r.words() {
		switch {
		case i == 0:
		case at+1+len(word) > textWidth-2:
			b.WriteString(" \\\n    ")
			at = 4
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	b.WriteString("\n")
}

// words are the parts of the rule between which a line may be broken.
func (r *Rule) words() []string {
	words := append([]string{r.Action.String()}, r.Calls...)
	family := r.family
	for i, c := range r.When {
		sep := "and "
		if i == 0 {
			sep = "when "
		}
		words = append(words, sep+c.text(family(c.Arg)))
	}
	if r.Opens != "" {
		words = append(words, "opens "+r.Opens)
	}
	return words
}

// String is the condition as in a text.
func (c Condition) String() string { return c.text(noFamily) }

func (c Condition) text(f family) string {
	var b strings.Builder
	width := 32
	if c.Wide {
		width = 64
	}
	fmt.Fprintf(&b, "arg%d:%d", c.Arg, width)
	if c.Mask != 0 {
		b.WriteString(" & " + f.format(c.Mask))
	}
	b.WriteString(" " + c.Op.String() + " " + f.format(c.Value))
	return b.String()
}
