package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/terminal"
)

// withoutNamespaces are the flags that mean something where there are no namespaces. All
// others are refused with --no-namespaces.
var withoutNamespaces = []string{
	"no-namespaces", "require", "ro", "ro-try", "rw", "rw-try", "no-cwd", "chdir", "share", "net", "seccomp", "allow-syscalls", "landlock",
	"env", "inherit-env", "unset-env", "keep-fd", "verbose", "json", "core", "mdwe", "umask", "oom-score-adj", "personality", "rlimit", "nice", "cpu-affinity",
	"memory", "memory-high", "swap", "pids", "cpus", "cpu-weight", "cpuset", "io-weight", "cgroup", "limits",
	"timeout", "grace", "cpu-time", "idle-timeout", "output-limit", "report", "metrics", "summary", "pty", "help", "output",
}

func (f *runFlags) hostFlags() {
	f.set.BoolVar(&f.noNamespaces, "no-namespaces", false, "where user namespaces are forbidden: confine the command with Landlock, a system call filter and a clean environment alone; weaker")
	f.set.StringVar(&f.require, "require", "", "with --no-namespaces: do not run without these guarantees, a `LIST` of "+strings.Join(sandbox.Guarantees, ", "))
}

// checkHost refuses flags that do not go together with --no-namespaces, or only with it.
func (f *runFlags) checkHost() (err error) {
	if !f.noNamespaces {
		if f.set.Changed("require") {
			return hinted{errors.New("--require: it is about what --no-namespaces does without"), "with namespaces all of it is guaranteed, or nothing runs"}
		}
		return nil
	}
	f.set.Visit(func(p *pflag.Flag) {
		if err == nil && !slices.Contains(withoutNamespaces, p.Name) {
			err = fmt.Errorf("--%s: it needs namespaces, and --no-namespaces is to do without", p.Name)
		}
	})
	return err
}

// hostPolicy is the policy of --no-namespaces.
func (f *runFlags) hostPolicy() (sandbox.Policy, error) {
	dir := ""
	if !f.noCwd {
		var err error
		if dir, err = unix.Getwd(); err != nil { // not $PWD, as elsewhere
			return sandbox.Policy{}, fmt.Errorf("find the current folder: %w", err)
		}
	}
	p, err := sandbox.HostPolicy(dir)
	if err != nil {
		return p, err
	}
	files, err := mounts.Expand(f.files)
	if err != nil {
		return p, err
	}
	for _, e := range files {
		b, ok := e.(mounts.Bind)
		if !ok || b.Source != b.Target || b.NoExec {
			return p, fmt.Errorf("%v: without namespaces a path is used where it is, as it is", e)
		}
		p.NoNamespaces.Files = append(p.NoNamespaces.Files, sandbox.HostPlace{Path: b.Source, Writable: b.Writable, Try: b.Try, Origin: b.Origin})
	}
	if f.set.Changed("require") {
		for name := range strings.SplitSeq(f.require, ",") {
			if !slices.Contains(sandbox.Guarantees, name) {
				return p, flagError("require", fmt.Errorf("%q is not one of %s", name, strings.Join(sandbox.Guarantees, ", ")))
			}
			p.NoNamespaces.Require = append(p.NoNamespaces.Require, name)
		}
	}
	for _, err := range []error{
		flagError("share", f.setShare(&p)),
		f.setHostNetwork(&p),
		flagError("landlock", f.setLandlock(&p)),
		f.setSyscalls(&p),
		f.attributes.set(f.set, &p),
		f.limits.set(f.set, &p),
	} {
		if err != nil {
			return p, err
		}
	}
	if p.UserNamespaces {
		return p, errors.New("--allow-syscalls: userns needs namespaces, and --no-namespaces is to do without")
	}
	return p, nil
}

// setHostNetwork sets the network without namespaces: all of it or, as far as Landlock and
// the filter can, none.
func (f *runFlags) setHostNetwork(p *sandbox.Policy) error {
	if n := f.network.net; n != "none" && n != "host" {
		if _, _, err := f.mode(); err != nil {
			return err
		}
		return fmt.Errorf("--net %s: it needs namespaces, and --no-namespaces is to do without", n)
	}
	return f.setNetwork(p)
}

// tellLosses tells what is not guaranteed without namespaces.
func tellLosses(p *sandbox.Policy) {
	terminals := slices.ContainsFunc([]*os.File{os.Stdin, os.Stdout, os.Stderr}, terminal.Is)
	for _, l := range p.NotGuaranteed() {
		if l.Name == "terminal" && !terminals {
			continue
		}
		fmt.Fprintf(os.Stderr, "usandbox: without namespaces not guaranteed: %s: %s\n", l.Name, l.What)
	}
}
