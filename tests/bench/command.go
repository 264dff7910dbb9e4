package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// command is a contestant that is a program, started as a shell would: no
// goroutine and no pipe of os/exec is in the time.
func (b *bench) command(name string, limit float64, argv ...string) contestant {
	c := contestant{name: name, target: limit}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		c.absent = errors.Unwrap(err)
		return c
	}
	c.run = func() error {
		return b.once(path, argv)
	}
	return try(c)
}

// once runs a program to its end, which has to be a good one.
func (b *bench) once(path string, argv []string, extra ...*os.File) error {
	p, err := b.start(path, argv, extra...)
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err == nil && !state.Success() {
		err = fmt.Errorf("%v: %v", argv, state)
	}
	return err
}

// start starts a program; extra are its file descriptors from 3 up.
func (b *bench) start(path string, argv []string, extra ...*os.File) (*os.Process, error) {
	return os.StartProcess(path, argv, &os.ProcAttr{
		Dir: b.project, Env: environment(), Files: append([]*os.File{b.null, b.null, b.null}, extra...),
	})
}
