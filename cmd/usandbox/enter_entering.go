package main

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/idmap"
	"github.com/usandbox/usandbox/sandbox"
	"github.com/usandbox/usandbox/userns"
)

// entering is what enter is going to do: the flags, looked up and checked.
type entering struct {
	flags  *enterFlags
	target *target // nil: none

	join     userns.Joining
	entered  userns.Set          // the kinds that are joined
	theirs   userns.Set          // those of them that are the target's own
	checked  map[userns.Kind]int // these, open
	fds      []int               // the file descriptors that the program uses
	root, wd int                 // file descriptors of folders; -1: as it is
	cgroup   int                 // cgroup.procs, open for writing; -1: as it is
	uid, gid *uint32             // nil: as they are

	name  string   // the command, in messages
	paths []string // where it may be
	argv  []string
	env   []string
}

// resolve looks up and checks everything but the command. It has no effect beyond this
// process, and what it opens is closed when the process ends.
func (f *enterFlags) resolve() (*entering, error) {
	e := &entering{flags: f, root: -1, wd: -1, cgroup: -1}
	if f.target.pid != 0 {
		t, err := openTarget(f.target)
		if err != nil {
			return nil, flagError("target", about(fmt.Sprintf("process %d", f.target.pid), err))
		}
		e.target = t
	}
	var err error
	if err = e.namespaces(); err != nil {
		return nil, err
	}
	if e.root, err = e.folder(&f.root, "root"); err != nil {
		return nil, flagError("root", err)
	}
	if e.wd, err = e.folder(&f.wd, "cwd"); err != nil {
		return nil, flagError("wd", err)
	}
	if f.joinCgroup {
		if e.cgroup, err = e.cgroupProcs(); err != nil {
			return nil, flagError("join-cgroup", err)
		}
		e.keep(e.cgroup)
	}
	return e, e.ids()
}

// keep leaves a file descriptor open for the program.
func (e *entering) keep(fd int) {
	unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
	e.fds = append(e.fds, fd)
}

var errNeedsTarget = errors.New("no --target is given")

// folder opens what --root or --wd names, or the target's own; -1 if neither is given.
func (e *entering) folder(o *optional, link string) (fd int, err error) {
	name, given, err := o.one()
	if err != nil || !given {
		return -1, err
	}
	const flags = unix.O_PATH | unix.O_DIRECTORY
	switch {
	case name != "":
		if fd, err = unix.Open(name, flags, 0); err != nil {
			return -1, fmt.Errorf("open %s: %w", name, err)
		}
	case e.target == nil:
		return -1, errNeedsTarget
	default:
		if fd, err = e.target.open(link, flags); err != nil {
			return -1, e.about(err)
		}
	}
	e.keep(fd)
	return fd, nil
}

// ids finds the user and the group of the command.
func (e *entering) ids() (err error) {
	f := e.flags
	usual := e.entered.Has(userns.User) && !f.preserveCredentials
	if e.gid, err = e.one(idmap.GID, f.gid, usual); err != nil {
		return flagError("setgid", err)
	}
	if e.uid, err = e.one(idmap.UID, f.uid, usual); err != nil {
		return flagError("setuid", err)
	}
	return nil
}

// one finds one id of the command; nil: it stays as it is. By usual is meant that the
// command gets another one even if no flag says so.
func (e *entering) one(k idmap.Kind, flag idFlag, usual bool) (*uint32, error) {
	// Only the map of the target's own user namespace is known. Without --user nothing
	// is translated.
	theirs, user := e.theirs.Has(userns.User), e.entered.Has(userns.User)
	switch {
	case flag.given && !flag.follow:
		return &flag.id, nil
	case flag.follow && e.target == nil:
		return nil, errNeedsTarget
	case flag.follow && user && !theirs:
		return nil, errors.New("follow needs the target's own user namespace; its id in another one is not known")
	case !flag.follow && !usual:
		return nil, nil
	case !flag.follow && !theirs:
		return new(uint32), nil // 0, hopefully: the kernel knows the map
	}
	id, err := e.target.id(k)
	if err != nil {
		return nil, e.about(err)
	}
	if !user {
		return &id, nil
	}
	m, err := e.target.idMap(k)
	if err != nil {
		return nil, e.about(err)
	}
	if _, mapped := m.ToOutside(0); mapped && !flag.follow {
		return new(uint32), nil
	}
	inside, mapped := m.ToInside(id)
	switch {
	case mapped:
		return &inside, nil
	case flag.follow || userns.HasSysAdmin():
		// Root must not stay root, seen from outside, among processes that can trace it.
		return nil, hinted{e.about(fmt.Errorf("its user namespace maps neither the %v 0 nor its own", k)),
			fmt.Sprintf("name one that is mapped, --set%v N, or --preserve-credentials to stay what you are outside", k)}
	}
	return nil, nil
}

// setCommand finds the command and its environment.
func (e *entering) setCommand(command, caller []string) (err error) {
	switch {
	case e.flags.env && e.target == nil:
		return flagError("env", errNeedsTarget)
	case e.flags.env:
		if e.env, err = e.target.environ(); err != nil {
			return flagError("env", e.about(err))
		}
	case e.flags.inheritEnv:
		e.env = caller
	default:
		e.env = sandbox.DefaultEnv(caller)
	}
	if len(command) > 0 {
		e.name, e.argv = command[0], command
		e.paths = sandbox.Candidates(e.name, e.env)
		return nil
	}
	const usual = "/bin/sh"
	e.name = usual
	for _, kv := range e.env {
		if shell, ok := strings.CutPrefix(kv, "SHELL="); ok && strings.HasPrefix(shell, "/") {
			e.name = shell
		}
	}
	e.argv = []string{"-" + path.Base(e.name)} // a login shell, as of nsenter(1)
	e.paths = []string{e.name}
	if e.name != usual {
		e.paths = append(e.paths, usual) // the caller's may not exist inside
	}
	return nil
}
