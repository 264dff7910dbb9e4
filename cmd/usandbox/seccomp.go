package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// seccompCommand looks at filters of system calls: it shows one, asks it, or saves it.
func seccompCommand(args []string) int {
	verbs := []struct {
		name string
		run  func(*filterFlags, []string) int
	}{{"show", seccompShow}, {"test", seccompTest}, {"compile", seccompCompile}}
	var names []string
	for _, v := range verbs {
		if len(args) > 0 && args[0] == v.name {
			return v.run(newFilterFlags(), args[1:])
		}
		names = append(names, v.name)
	}
	switch {
	case len(args) == 0:
		return fail(errors.New("usandbox seccomp: show, test or compile is missing"), "usandbox help seccomp")
	case args[0] == "--help" || args[0] == "-h":
		fmt.Print(seccompHelp)
		for _, v := range verbs {
			f := newFilterFlags()
			f.own(v.name)
			fmt.Printf("\nusandbox seccomp %s\n%s", v.name, optionalUsage(f.set.FlagUsages()))
		}
		return 0
	}
	return fail(fmt.Errorf("usandbox seccomp: unknown command %q", args[0]), nearest(args[0], names, "usandbox seccomp "), "usandbox help seccomp")
}

const seccompHelp = `usandbox seccomp show|test|compile [flags]

look at filters of system calls: the default one, or those of --seccomp

  show                     print it, as --seccomp FILE reads it; --bpf: as a program
  test CALL [ARG ...]      say what a call gets, by name or number; exit code 0: allowed, 1: not
  compile -o FILE          save it as a program of BPF, for bwrap --seccomp and the like

An argument is a number, or names of constants joined by |; those left out are 0.
`

func seccompShow(f *filterFlags, args []string) int {
	filters, code, ok := f.prepare("show", args, 0, 0)
	if !ok {
		return code
	}
	var text bytes.Buffer
	if len(filters) == 0 {
		text.WriteString("# no filter\n")
	}
	for _, filter := range filters {
		if len(filters) > 1 {
			fmt.Fprintf(&text, "# --seccomp %s\n", printable(filter.name))
		}
		filter.show(&text, f.bpf)
	}
	if _, err := os.Stdout.Write(text.Bytes()); err != nil {
		return fail(err)
	}
	return 0
}

func (f *filterFile) show(text *bytes.Buffer, bpf bool) {
	if bpf || f.policy == nil {
		fmt.Fprintf(text, "# %d instructions\n%s", len(f.program), f.program.Disassemble())
		return
	}
	for _, line := range f.without() {
		fmt.Fprintf(text, "# %s\n", printable(line))
	}
	f.policy.WriteTo(text)
}

// without says what of a profile has no effect.
func (f *filterFile) without() (lines []string) {
	for _, call := range f.notes.UnknownCalls {
		lines = append(lines, "left out: "+call+", which is no call that is known here")
	}
	for _, flag := range f.notes.Flags {
		lines = append(lines, "left out: "+flag)
	}
	return lines
}

func seccompCompile(f *filterFlags, args []string) int {
	filters, code, ok := f.prepare("compile", args, 0, 0)
	switch {
	case !ok:
		return code
	case f.output == "":
		return fail(errors.New("no output file is given"), "usandbox seccomp compile -o FILE")
	case len(filters) != 1:
		return fail(fmt.Errorf("a file has one filter, and here are %d", len(filters)))
	}
	if err := saveAs(f.output, filters[0].program.Bytes(), 0o600); err != nil {
		return fail(err)
	}
	return 0
}
