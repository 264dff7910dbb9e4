package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/seccomp"
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
			return v.run(newFilterFlags("seccomp"), args[1:])
		}
		names = append(names, v.name)
	}
	switch {
	case len(args) == 0:
		return fail(errors.New("usandbox seccomp: show, test or compile is missing"), "usandbox help seccomp")
	case args[0] == "--help" || args[0] == "-h":
		fmt.Print(seccompHelp)
		for _, v := range verbs {
			f := newFilterFlags("seccomp")
			f.own(v.name)
			fmt.Printf("\nusandbox seccomp %s\n%s", v.name, optionalUsage(f.set.FlagUsages()))
		}
		return 0
	}
	return fail(fmt.Errorf("usandbox seccomp: unknown command %q", args[0]), nearest(args[0], names, "usandbox seccomp "), "usandbox help seccomp")
}

const seccompHelp = `usandbox seccomp show|test|compile [flags]

look at filters of system calls: the default one, or that of --seccomp

  show                     print it, as --seccomp FILE reads it; --bpf: as a program
  test CALL [ARG ...]      say what a call gets, by name or number; exit code 0: allowed, 1: not
  compile -o FILE          save it as a program of BPF, for bwrap --seccomp and the like

An argument is a number, or names of constants joined by |; those left out are 0.
`

// filterFlags are the flags of run that a filter depends on, and those of one verb.
type filterFlags struct {
	set             *pflag.FlagSet
	seccomp         string
	allowSyscalls   []string
	capAdd, capDrop []string

	bpf    bool
	arch   string
	output string
}

func newFilterFlags(name string) *filterFlags {
	f := &filterFlags{set: newFlagSet(name)}
	f.set.SetInterspersed(false)
	f.set.StringVar(&f.seccomp, "seccomp", "default", "the `FILTER`: default, none, FILE, oci:FILE, bpf:FILE, fd:N; as of run")
	f.set.StringArrayVar(&f.allowSyscalls, "allow-syscalls", nil, "open a `GROUP` of the default filter, as of run; repeatable")
	f.set.StringArrayVar(&f.capAdd, "cap-add", nil, "a capability `NAME` of the command, which a profile may depend on; repeatable")
	f.set.StringArrayVar(&f.capDrop, "cap-drop", nil, "take a capability `NAME` from those; repeatable")
	return f
}

// own adds the flags of one verb.
func (f *filterFlags) own(verb string) {
	switch verb {
	case "show":
		f.set.BoolVar(&f.bpf, "bpf", false, "print the program, an instruction a line")
	case "test":
		f.set.StringVar(&f.arch, "arch", seccomp.Native.String(), "the call comes through the interface of `ARCH`: amd64, i386, x32, arm64, arm")
	case "compile":
		f.set.StringVarP(&f.output, "output", "o", "", "save the program as `FILE`")
	}
}

// read is the filter that the flags describe; nil: none.
func (f *filterFlags) read() (*filterFile, error) {
	var p sandbox.Policy
	if err := (&runFlags{capAdd: f.capAdd, capDrop: f.capDrop}).setCapabilities(&p); err != nil {
		return nil, err
	}
	return f.filter(p.Capabilities)
}

func (f *filterFlags) filter(capabilities caps.Set) (*filterFile, error) {
	switch f.seccomp {
	case "none":
		return nil, nil
	case "default":
		p, err := seccomp.Default(f.allowSyscalls...)
		if err != nil {
			return nil, flagError("allow-syscalls", err)
		}
		filter := &filterFile{}
		return filter, filter.compile(&p)
	}
	if len(f.allowSyscalls) > 0 {
		return nil, errors.New("--allow-syscalls opens groups of the default filter; --seccomp has another one")
	}
	filter, err := readFilter(f.seccomp, capabilities)
	return filter, flagError("seccomp", err)
}

// prepare parses the flags of a verb and reads the filter. Not ok: the exit code is
// final.
func (f *filterFlags) prepare(verb string, args []string, least, most int) (filter *filterFile, code int, ok bool) {
	f.own(verb)
	if code, ok := parseSmall(f.set, args, least, most); !ok {
		return nil, code, false
	}
	filter, err := f.read()
	if err != nil {
		var h hinted
		errors.As(err, &h)
		return nil, fail(err, h.hint), false
	}
	return filter, 0, true
}

func seccompShow(f *filterFlags, args []string) int {
	filter, code, ok := f.prepare("show", args, 0, 0)
	switch {
	case !ok:
		return code
	case filter == nil:
		fmt.Println("# no filter")
		return 0
	}
	var text bytes.Buffer
	if f.bpf || filter.policy == nil {
		fmt.Fprintf(&text, "# %d instructions\n%s", len(filter.program), filter.program.Disassemble())
	} else {
		for _, line := range filter.without() {
			fmt.Fprintf(&text, "# %s\n", printable(line))
		}
		filter.policy.WriteTo(&text)
	}
	if _, err := os.Stdout.Write(text.Bytes()); err != nil {
		return fail(err)
	}
	return 0
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
	filter, code, ok := f.prepare("compile", args, 0, 0)
	switch {
	case !ok:
		return code
	case f.output == "":
		return fail(errors.New("no output file is given"), "usandbox seccomp compile -o FILE")
	case filter == nil:
		return fail(errors.New("--seccomp none is no filter"))
	}
	if err := saveAs(f.output, filter.program.Bytes(), 0o600); err != nil {
		return fail(err)
	}
	return 0
}
