package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/sandbox"
)

// bench is what every benchmark works with.
type bench struct {
	options
	dir     string         // ours, removed in the end
	project string         // the folder that the sandboxes may write to
	policy  sandbox.Policy // of every contestant
	null    *os.File       // standard input, output and error of every command

	floor    string // the C floor program
	floorErr error  // why there is none
}

//go:embed floor.c
var floorSource []byte

func newBench(o options) (*bench, error) {
	dir, err := os.MkdirTemp("", "usandbox-bench-*")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, dir: dir, project: filepath.Join(dir, "project"), floor: filepath.Join(dir, "floor")}
	if err := b.setUp(); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) setUp() (err error) {
	if err := os.Mkdir(b.project, 0o755); err != nil {
		return err
	}
	if b.policy, err = sandbox.BuildPolicy(b.project); err != nil {
		return err
	}
	b.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0)
	return err
}

// build makes the programs that are measured.
func (b *bench) build() (err error) {
	if b.usandbox == "" {
		b.usandbox = filepath.Join(b.dir, "usandbox")
		built := b.usandbox + ".built"
		// As an installed one is: what the linker has mapped and written takes longer to start.
		if err = output(exec.Command("go", "build", "-trimpath", "-o", built, "github.com/usandbox/usandbox/cmd/usandbox")); err == nil {
			err = output(exec.Command("install", "-m", "0755", built, b.usandbox))
		}
	} else {
		b.usandbox, err = filepath.Abs(b.usandbox)
	}
	if err != nil {
		return fmt.Errorf("build usandbox: %w", err)
	}
	source := filepath.Join(b.dir, "floor.c")
	if err := os.WriteFile(source, floorSource, 0o644); err != nil {
		return err
	}
	b.floorErr = output(exec.Command("cc", "-O2", "-static", "-o", b.floor, source))
	return nil
}

func (b *bench) close() {
	if b.null != nil {
		b.null.Close()
	}
	os.RemoveAll(b.dir)
}

// environment is what every contestant is given.
func environment() []string { return sandbox.DefaultEnv(os.Environ()) }

// output runs a command that is not measured; its error says what it printed.
func output(c *exec.Cmd) error {
	text, err := c.CombinedOutput()
	if err != nil {
		if line := lastLine(text); line != "" {
			return fmt.Errorf("%w: %s", err, line)
		}
	}
	return err
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
