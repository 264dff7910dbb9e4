package seccomp

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What the default filter denies of every call that there is, exactly, and what opens it.
//
// go test ./seccomp -run TestGolden -update writes it anew.
func TestGolden(t *testing.T) {
	var b bytes.Buffer
	p, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []Arch{AMD64, I386, X32, ARM64, ARM} {
		fmt.Fprintf(&b, "%v, of %d calls:\n", arch, len(Names(arch)))
		for _, name := range Names(arch) {
			for i := range p.Rules {
				r := &p.Rules[i]
				if !r.names(name) {
					continue
				}
				fmt.Fprintf(&b, "  %s: %v", name, r.Action)
				for _, c := range r.When {
					mask := ""
					if c.Mask != 0 {
						mask = fmt.Sprintf(" & %#x", c.Mask)
					}
					fmt.Fprintf(&b, ", argument %d%s %v %#x", c.Arg, mask, c.Op, c.Value)
				}
				fmt.Fprintf(&b, " (%s)\n", r.Opens)
			}
		}
	}
	const name = "testdata/default.golden"
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("another than %s:\n%s", name, &b)
	}
}
