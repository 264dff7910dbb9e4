package main

import (
	"errors"

	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/seccomp"
)

// filterFlags are the flags of run that filters depend on, and those of one verb.
type filterFlags struct {
	runFlags
	policy sandbox.Policy

	bpf    bool
	arch   string
	output string
}

func newFilterFlags() *filterFlags {
	f := &filterFlags{runFlags: runFlags{set: newFlagSet("seccomp")}}
	f.set.SetInterspersed(false)
	f.seccompFlags()
	f.set.StringArrayVar(&f.capAdd, "cap-add", nil, "a capability `NAME` of the command, on which filters may depend; repeatable")
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

// read is the filters that the flags describe, the default one first; they all hold.
func (f *filterFlags) read() ([]*filterFile, error) {
	if err := f.setCapabilities(&f.policy); err != nil {
		return nil, err
	}
	if err := f.setSyscalls(&f.policy); err != nil {
		return nil, err
	}
	if f.policy.Seccomp.Off {
		return f.filters, nil
	}
	p, err := seccomp.Default(f.policy.Openings()...)
	if err != nil {
		return nil, err
	}
	own := &filterFile{name: "default"}
	return append([]*filterFile{own}, f.filters...), own.compile(&p)
}

// prepare parses the flags of a verb and reads the filters. Not ok: the exit code is
// final.
func (f *filterFlags) prepare(verb string, args []string, least, most int) (filters []*filterFile, code int, ok bool) {
	f.own(verb)
	if code, ok := parseSmall(f.set, args, least, most); !ok {
		return nil, code, false
	}
	filters, err := f.read()
	if err != nil {
		var h hinted
		errors.As(err, &h)
		return nil, fail(err, h.hint), false
	}
	return filters, 0, true
}
