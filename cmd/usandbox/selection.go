package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/usandbox/usandbox/cow"
)

// selection is the part of a run's changes that paths name: files, or folders with all
// in them.
type selection struct {
	run   *cow.Run
	paths []selectedPath
}

// selectedPath is a path that was named, absolute and below a folder of the run.
type selectedPath struct {
	arg, path string
}

// newSelection resolves paths. A relative one begins at the current folder, if that
// lies in a folder of the run, else at the run's folder, if it has one.
func newSelection(run *cow.Run, args []string) (*selection, error) {
	s := &selection{run: run}
	here, err := os.Getwd()
	if err == nil {
		here, err = filepath.EvalSymlinks(here)
	}
	if err != nil {
		here = ""
	}
	for _, arg := range args {
		p, err := s.resolve(here, arg)
		if err != nil {
			return nil, err
		}
		s.paths = append(s.paths, selectedPath{arg, p})
	}
	return s, nil
}

func (s *selection) resolve(here, arg string) (string, error) {
	if arg == "" {
		return "", errors.New("the path is empty")
	}
	path := filepath.Clean(arg)
	if !filepath.IsAbs(path) {
		dirs := s.dirs()
		switch {
		case slices.ContainsFunc(dirs, func(dir string) bool { _, ok := within(dir, here); return ok }):
			path = filepath.Join(here, path)
		case len(dirs) > 1:
			return "", fmt.Errorf("%q: the run is about several folders; give an absolute path", arg)
		default:
			path = filepath.Join(dirs[0], path)
		}
	}
	if s.covers(path) {
		return path, nil
	}
	// The folder that it is in may have been named through a symlink.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		if real := filepath.Join(dir, filepath.Base(path)); s.covers(real) {
			return real, nil
		}
	}
	return "", fmt.Errorf("%q is in no folder of the run %s", arg, s.run.ID)
}

// dirs are the folders that the run was asked for. One can have several layers.
func (s *selection) dirs() (list []string) {
	for _, l := range s.run.Layers {
		dir := l.Part
		if dir == "" {
			dir = l.Dir
		}
		if !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	return list
}

func (s *selection) covers(path string) bool {
	return slices.ContainsFunc(s.dirs(), func(dir string) bool { _, ok := within(dir, path); return ok })
}

// has reports whether a change of the run is at the path or below it.
func (p selectedPath) has(run *cow.Run, c *cow.Change) bool {
	_, ok := within(p.path, whereIs(run, c))
	return ok
}

func (s *selection) has(c *cow.Change) bool {
	for _, p := range s.paths {
		if p.has(s.run, c) {
			return true
		}
	}
	return false
}

// check says which path names no change. Then nothing is to be applied.
func (s *selection) check() int {
	view, changes, err := reviewed(s.run)
	if err != nil {
		return failReview(err)
	}
	defer view.Close()
next:
	for _, p := range s.paths {
		for i := range changes {
			if p.has(s.run, &changes[i]) {
				continue next
			}
		}
		return fail(fmt.Errorf("the run %s has changed nothing at %q", s.run.ID, p.arg), "usandbox diff "+s.run.ID+" lists the paths")
	}
	return 0
}

// any reports whether all paths name changes.
func (s *selection) any() bool {
	view, changes, err := reviewed(s.run)
	if err != nil {
		return false
	}
	defer view.Close()
	for i := range changes {
		if s.has(&changes[i]) {
			return true
		}
	}
	return false
}
