package main

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/usandbox/usandbox/seccomp"
)

// withFilter is bubblewrap with the default filter of usandbox, which it takes as a
// program of BPF from a file descriptor, once in each of its starts.
func (b *bench) withFilter() contestant {
	c := contestant{name: "bubblewrap, loading the same filter"}
	path, err := exec.LookPath("bwrap")
	if err != nil {
		c.absent = err
		return c
	}
	file := filepath.Join(b.dir, "filter")
	prog, err := seccomp.Options{}.Program()
	if err == nil {
		err = os.WriteFile(file, prog.Bytes(), 0o600)
	}
	if err != nil {
		c.absent = err
		return c
	}
	argv := bwrapArgs(b.policy, trueProgram)
	argv = append([]string{argv[0], "--seccomp", "3"}, argv[1:]...)
	c.run = func() error {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		return b.once(path, argv, f)
	}
	return try(c)
}
