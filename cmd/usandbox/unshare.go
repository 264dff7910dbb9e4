package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/caps"
	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/launch"
	"github.com/usandbox/usandbox/userns"
)

// unshareSpec is what usandbox unshare is to do: namespaces, a little set-up in
// them, and a command. It is no sandbox.
type unshareSpec struct {
	pid   int // of the process that does it
	kinds userns.Set
	keep  []kept

	fork    bool
	kill    unix.Signal // what the forked command gets when its parent dies; 0: nothing
	forward bool

	owner            *owner
	uidMap, gidMap   idMapping
	setgroups        string // "", "allow" or "deny"
	setgroupsAllowed bool   // in the end, for --setgid

	propagation       userns.Propagation
	proc, binfmt      string // where they are mounted; "": not
	root, dir         string
	uid, gid          *uint32
	keepCaps          caps.Set // ambient for the command
	monotonic, uptime *int64   // offsets of the clocks, in seconds

	name      string // of the command, for messages
	paths     []string
	argv, env []string
}

// kept is a file on which a namespace shall stay.
type kept struct {
	kind userns.Kind
	file string
}

// owner is who owns a user namespace.
type owner struct{ uid, gid uint32 }

// idMapping is one id map of the new user namespace.
type idMapping struct {
	m      idmap.Map // empty: none
	ranges bool      // it is written from outside
	flag   string    // that asks for it
}

func unshareCommand(args []string) int {
	f := newUnshareFlags()
	spec, err := f.parse(args)
	if errors.Is(err, errHelp) {
		return 0
	}
	if err == nil {
		err = execUnshare(spec)
	}
	var h hinted
	errors.As(err, &h)
	return fail(err, h.hint)
}

// execUnshare gives the process's place to the program that does it. It returns
// only if it could not.
func execUnshare(spec *unshareSpec) error {
	p, err := spec.compile()
	if err != nil {
		return err
	}
	image, err := p.Image()
	if err != nil {
		return err
	}
	if spec.kinds.Has(userns.PID) && !spec.fork {
		fmt.Fprintln(os.Stderr, "usandbox: note: the command itself stays outside the new PID namespace. "+
			"Its first child is PID 1 there; when that ends, no other can be forked. With --fork the command is PID 1")
	}
	return image.Exec(os.Args, os.Environ())
}

// setCommand sets what is executed: the arguments, or the user's shell, as a login
// shell.
func (s *unshareSpec) setCommand(args, env []string) {
	s.argv, s.env = args, env
	if len(args) > 0 {
		s.name, s.paths = args[0], searchPath(args[0], env)
		return
	}
	shell := os.Getenv("SHELL")
	if shell == "" {
		shell = "/bin/sh"
	}
	s.name, s.paths = shell, []string{shell}
	s.argv = []string{"-" + shell[strings.LastIndexByte(shell, '/')+1:]}
}

// searchPath are the paths that a command's name may mean: itself, if it has a
// slash or is empty, else one in each absolute folder of PATH.
func searchPath(name string, env []string) []string {
	if name == "" || strings.Contains(name, "/") {
		return []string{name}
	}
	search := "/usr/local/bin:/usr/bin:/bin"
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			search = v
			break // as getenv(3)
		}
	}
	var paths []string
	for _, dir := range strings.Split(search, ":") {
		if strings.HasPrefix(dir, "/") {
			paths = append(paths, strings.TrimRight(dir, "/")+"/"+name)
		}
	}
	return paths
}

// program returns an empty program that is executed in place.
func (s *unshareSpec) program() *unshareProgram {
	return &unshareProgram{Program: launch.NewStandalone(3), spec: s}
}
