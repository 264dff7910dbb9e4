package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/usandbox/usandbox/cow"
	"github.com/usandbox/usandbox/internal/realpath"
	"github.com/usandbox/usandbox/mounts"
	"github.com/usandbox/usandbox/sandbox"
)

// cowFlag is --cow: alone it is about the folders that follow it, up to --, and
// without any, about the current one; --cow=DIR names one.
type cowFlag struct {
	dirs []string
	here bool // the last one stood alone
}

func (c *cowFlag) String() string { return "" }
func (c *cowFlag) Type() string   { return "DIR" }

func (c *cowFlag) Set(dir string) error {
	if dir == "" {
		return errors.New("the path is empty")
	}
	c.here = dir == "."
	c.dirs = append(c.dirs, dir)
	return nil
}

// cowFlags declares the flags of copy-on-write runs.
func (f *runFlags) cowFlags() {
	f.set.Var(&f.cow, "cow", "keep what the command changes in `DIR`s (default: the current folder) aside, for usandbox diff and apply; DIRs end at --")
	f.set.Lookup("cow").NoOptDefVal = "."
}

// takeFolders takes the folders of --cow off the arguments behind the flags: words up
// to --, or to the next flag, with which it goes on.
func (f *runFlags) takeFolders() error {
	for f.cow.here && f.set.ArgsLenAtDash() != 0 {
		args := f.set.Args()
		end := slices.Index(args, "--")
		if end < 0 && !f.noCommand || len(args) == 0 {
			return nil
		}
		if end < 0 {
			end = len(args)
		}
		next := slices.IndexFunc(args[:end], func(a string) bool { return strings.HasPrefix(a, "-") })
		if next < 0 {
			next = end
		}
		if next > 0 {
			f.cow.dirs = append(f.cow.dirs[:len(f.cow.dirs)-1], args[:next]...)
			f.cow.here = false
		}
		if err := parseFlags(f.set, args[next:]); err != nil {
			return err
		}
	}
	return nil
}

// copyOnWrite describes the run that --cow asks for. Nil: there is none.
func (f *runFlags) copyOnWrite(command []string) (*cow.Run, error) {
	if f.review && len(f.cow.dirs) == 0 {
		f.cow.dirs = []string{"."}
	}
	switch {
	case len(f.cow.dirs) == 0:
		return nil, nil
	case f.review && f.detach:
		return nil, flagError("review", errors.New("there is nobody to ask with --detach"))
	}
	if f.as != "" {
		return nil, flagError("cow", errors.New("not with --as: run usandbox as that user"))
	}
	if len(f.mapUIDs) > 0 || len(f.mapGIDs) > 0 {
		return nil, flagError("cow", errors.New("not with --map-uids or --map-gids: what the command makes would belong to ids that are not yours"))
	}
	git, dirs := f.gitOfFolders(), slices.Clone(f.cow.dirs)
	for _, g := range git {
		dirs = append(dirs, g.Path)
	}
	run, err := cow.New(command, dirs)
	var inside *cow.StoreInsideError
	switch {
	case errors.As(err, &inside):
		err = hinted{err, "keep them elsewhere: XDG_STATE_HOME=DIR usandbox ..."}
	case errors.Is(err, fs.ErrNotExist):
		err = hinted{err, "the words before -- are folders; a command stands behind it: usandbox run --cow -- make"}
	}
	if err != nil {
		return nil, flagError("cow", err)
	}
	for _, g := range git { // what was looked at is what is shown
		for _, l := range run.Layers {
			if l.Dir == g.Path && (mounts.FileID{Major: unix.Major(l.Dev), Minor: unix.Minor(l.Dev), Inode: l.Ino}) != g.ID {
				return nil, flagError("cow", fmt.Errorf("%s was replaced just now", g.Path))
			}
		}
	}
	return run, nil
}

// gitOfFolders are the git folders that the folders of --cow need and that lie
// outside of them: they are copy-on-write, too.
func (f *runFlags) gitOfFolders() (list []*sandbox.GitFolder) {
	var dirs []string
	for _, dir := range f.cow.dirs {
		real, err := realpath.Of(dir)
		if err != nil {
			return nil // cow.New says so
		}
		dirs = append(dirs, real)
	}
	for _, dir := range dirs {
		g, err := sandbox.OuterGit(dir)
		if err != nil {
			errors.As(err, &f.gitNotShown)
			continue
		}
		if g != nil && !slices.ContainsFunc(dirs, func(d string) bool { _, in := within(d, g.Path); return in }) {
			list, dirs = append(list, g), append(dirs, g.Path)
		}
	}
	return list
}

// covers reports whether a folder, given by its real path, is in one of the run's.
func covers(run *cow.Run, dir string) bool {
	return run != nil && slices.ContainsFunc(run.Layers, func(l cow.Layer) bool {
		_, ok := within(l.Dir, dir)
		return ok
	})
}
