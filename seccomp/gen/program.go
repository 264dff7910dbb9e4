package main

import (
	"fmt"
	"log"

	"github.com/usandbox/usandbox/seccomp"
)

// programs is the file with the default filter of each processor, compiled, so that a
// launch does not have to.
func programs() []byte {
	b := begin("defaultrules.go")
	for _, a := range []struct {
		arch seccomp.Arch
		name string
	}{{seccomp.AMD64, "AMD64"}, {seccomp.ARM64, "ARM64"}} {
		policy, err := seccomp.Default()
		if err != nil {
			log.Fatal(err)
		}
		policy.Arches = []seccomp.Arch{a.arch}
		prog, err := policy.Compile()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(b, "// default%s is what Default compiles to on %v, %d instructions, as Program.Bytes has them.\nconst default%s = \"\"", a.name, a.arch, len(prog), a.name)
		raw := prog.Bytes()
		for len(raw) > 0 {
			n := min(len(raw), 32)
			fmt.Fprintf(b, " +\n\t\"")
			for _, c := range raw[:n] {
				fmt.Fprintf(b, "\\x%02x", c)
			}
			fmt.Fprintf(b, "\"")
			raw = raw[n:]
		}
		fmt.Fprintf(b, "\n\n")
	}
	return b.Bytes()
}
