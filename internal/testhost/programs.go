package testhost

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ProgramsVariable names a folder of programs that are built already, where Go is
// not: in a virtual machine.
const ProgramsVariable = "USANDBOX_TEST_PROGRAMS"

// Build puts the programs of packages, given by their paths, into a folder, named after
// the packages: built by Go, or copied from the folder that ProgramsVariable names.
func Build(dir string, packages ...string) error {
	if from := os.Getenv(ProgramsVariable); from != "" {
		var errs []error
		for _, pkg := range packages {
			errs = append(errs, copyProgram(filepath.Join(from, filepath.Base(pkg)), filepath.Join(dir, filepath.Base(pkg))))
		}
		return errors.Join(errs...)
	}
	program, err := exec.LookPath("go")
	if err != nil {
		program = "/usr/local/go/bin/go" // where its installer puts it
	}
	build := exec.Command(program, append([]string{"build", "-o", dir + "/"}, packages...)...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("%v: %w", build, err)
	}
	return nil
}

func copyProgram(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}
