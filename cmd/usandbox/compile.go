package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/usandbox/usandbox/sandbox"
)

func compileCommand(args []string) int {
	f := newRunFlags("compile")
	output := f.set.StringP("output", "o", "", "save the program as `FILE`, mode 0700")
	c, code, ok := f.prepare(args)
	if !ok {
		return code
	}
	if f.createSource {
		return fail(flagError("create-source", errors.New("a compiled program makes nothing on the host: make the folder before")))
	}
	if f.noNamespaces {
		return fail(flagError("no-namespaces", errors.New("a compiled program has no supervisor, which kills what the command leaves and removes its private folder")))
	}
	if err := f.network.withoutSupervisor(c.Policy.Network); err != nil {
		return fail(err)
	}
	if *output == "" {
		return fail(errors.New("no output file is given"), "usandbox compile -o FILE ...")
	}
	c.Env = f.environmentOfProgram()
	program, err := c.Standalone()
	if err == nil {
		err = save(*output, program)
	}
	if err != nil {
		return fail(err)
	}
	if writableHere(c.Policy) != "" {
		fmt.Fprintln(os.Stderr, "usandbox: note: the program has no supervisor: it does not tell when its command made a .git, .envrc or the like")
	}
	return 0
}

// environmentOfProgram are the variables of a compiled program, as
// sandbox.Cmd.Standalone reads them.
func (f *runFlags) environmentOfProgram() []string {
	env := sandbox.PassedNames()
	if f.inheritEnv {
		env = []string{"*"}
	}
	removed := map[string]bool{}
	for _, key := range f.unsetEnv {
		removed[key] = true
	}
	for _, kv := range f.env {
		key, _, set := strings.Cut(kv, "=")
		if !removed[key] && (set || !strings.ContainsAny(key, "*-")) { // else it is no variable's name
			env = append(env, kv)
		}
	}
	for _, key := range f.unsetEnv {
		env = append(env, "-"+key)
	}
	return env
}

// save writes a file with mode 0700, whole or not at all.
func save(name string, contents []byte) error { return saveAs(name, contents, 0o700) }

// saveAs writes a file whole or not at all.
func saveAs(name string, contents []byte, mode os.FileMode) error {
	t, err := os.CreateTemp(filepath.Dir(name), ".usandbox-*")
	if err != nil {
		return flagError("output", err)
	}
	_, err = t.Write(contents)
	if err == nil {
		err = t.Chmod(mode)
	}
	if e := t.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(t.Name(), name)
	}
	if err != nil {
		os.Remove(t.Name())
		return flagError("output", err)
	}
	return nil
}
