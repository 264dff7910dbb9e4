package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/terminal"
)

// ptyFlags are the flags about the command's terminal.
type ptyFlags struct {
	mode string
	raw  bool
}

func (f *ptyFlags) add(s *pflag.FlagSet) {
	s.StringVar(&f.mode, "pty", "auto", "a terminal of the sandbox's own for the command: `WHEN` auto (standard input and output are terminals), always, never (yours is shared)")
	s.BoolVar(&f.raw, "pty-raw", false, "let through what sets or asks for your clipboard (OSC 52)")
}

// streams are the standard streams that are a terminal of the sandbox's own; nil:
// there is none.
func (f *ptyFlags) streams() ([]int, error) {
	switch f.mode {
	case "never":
		if f.raw {
			return nil, errors.New("--pty-raw and --pty never exclude each other")
		}
		return nil, nil
	case "always":
		return []int{0, 1, 2}, nil
	case "auto":
	default:
		return nil, flagError("pty", fmt.Errorf("%q: want auto, always or never", f.mode))
	}
	if !terminal.Is(os.Stdin) || !terminal.Is(os.Stdout) {
		return nil, nil
	}
	if terminal.Is(os.Stderr) {
		return []int{0, 1, 2}, nil
	}
	return []int{0, 1}, nil
}

// setTerminal gives the command a terminal, if it is to have one.
func (f *runFlags) setTerminal(c *sandbox.Cmd) error {
	if f.detach {
		if f.pty.mode == "always" {
			return errors.New("--pty always and --detach exclude each other")
		}
		f.pty.mode = "never"
	}
	if f.noNamespaces {
		if f.pty.mode == "always" {
			return errors.New("--pty always: it needs namespaces, and --no-namespaces is to do without")
		}
		f.pty.mode = "never"
	}
	streams, err := f.pty.streams()
	if err != nil || streams == nil {
		return err
	}
	for _, n := range streams {
		switch n {
		case 0:
			c.Stdin = nil
		case 1:
			c.Stdout = nil
		case 2:
			c.Stderr = nil
		}
	}
	f.console = &console{raw: f.pty.raw}
	c.Terminal = &sandbox.Terminal{Prepare: f.console.take}
	if terminal.Is(os.Stdin) && terminal.Foreground(os.Stdin) {
		if modes, err := terminal.GetModes(os.Stdin); err == nil {
			c.Terminal.Outside, c.Terminal.Modes = os.Stdin, modes
		}
	}
	return nil
}
